import { api, convention, fn, infallible, INT, PVOID, type FunctionDeclaration, type Implementation, type PointerSize } from "@decant/hook";
import type { Thread } from "@decant/process";
import { CDECL, MSVCRT, OLDER_RUNTIMES } from "../dlls.ts";
import { copyExceptionData, destroyExceptionData, exceptionText } from "./exception-data.ts";
import { standardTable, type ExceptionScope, type StandardException } from "./standard-exceptions.ts";

const RESULT = infallible(PVOID);
const SELF = ["this", PVOID] as const;

/** How a processor's compiler spells what is in the names of members. */
interface Spelling {
  /** A public member, a virtual one, a private one; what(). */
  readonly member: string;
  readonly virtual: string;
  readonly private: string;
  readonly what: string;
  /** References to the class's objects, and to const ones; pointers to text, references to those, pointers to those. */
  readonly self: string;
  readonly reference: string;
  readonly text: string;
  readonly textReference: string;
  readonly textPointer: string;
}

const SPELLING: Readonly<Record<PointerSize, Spelling>> = {
  8: { member: "QEAA", virtual: "UEAA", private: "AEAA", what: "UEBAPEBD", self: "AEAV", reference: "AEBV", text: "PEBD", textReference: "AEBQEBD", textPointer: "PEBQEBD" },
  4: { member: "QAE", virtual: "UAE", private: "AAE", what: "UBEPBD", self: "AAV", reference: "ABV", text: "PBD", textReference: "ABQBD", textPointer: "PBQBD" },
}; // prettier-ignore

type Body = (thread: Thread, self: number, value: number) => number;

/** Members of an object: its table of virtual functions, its message, whether the message is its own. */
const message = ({ pointerSize }: Thread, self: number): number => self + pointerSize;
const isOwned = ({ pointerSize }: Thread, self: number): number => self + 2 * pointerSize;

/**
 * std::exception and what derives from it, as the runtimes before vcruntime140 export them: programs make the objects, and derive from the classes. With copies of
 * messages where a constructor is given a reference to one, and with the message itself where it is told so.
 */
function membersOf(name: StandardException, scope: ExceptionScope, pointerSize: PointerSize): [name: string, FunctionDeclaration, Body][] {
  const { member, virtual, private: hidden, what, self, reference, text, textReference, textPointer } = SPELLING[pointerSize];
  const own = scope === "@@" ? "0@" : "01@";
  const symbol = (kind: string): string => `??${kind}${name}${scope}`;
  const construct = (thread: Thread, object: number): void => {
    thread.memory.setPointer(object, standardTable(thread, name, scope));
    thread.memory.setPointer(message(thread, object), 0);
    thread.memory.setU8(isOwned(thread, object), 0);
  };
  /** With a message that is shared, or copied. */
  const withText =
    (shares: boolean, textOf: (thread: Thread, value: number) => number = (_, value) => value): Body =>
    (thread, object, value) => {
      construct(thread, object);
      storeText(thread, object, textOf(thread, value), shares);
      return object;
    };
  const behind = ({ memory }: Thread, pointer: number): number => memory.pointer(pointer);
  const copy: Body = (thread, object, other) => {
    construct(thread, object);
    copyExceptionData(thread, message(thread, other), message(thread, object));
    return object;
  };
  const assign: Body = (thread, object, other) => {
    if (object === other) return object;
    destroyExceptionData(thread, message(thread, object));
    copyExceptionData(thread, message(thread, other), message(thread, object));
    return object;
  };
  const destroy: Body = (thread, object) => {
    destroyExceptionData(thread, message(thread, object));
    return object;
  };
  const one = (parameter: string): FunctionDeclaration => convention("thiscall", fn(RESULT, SELF, [parameter, PVOID]));
  const nothing = convention("thiscall", fn(RESULT, SELF));
  const common: [string, FunctionDeclaration, Body][] = [
    [`${symbol("0")}${member}@${reference}${own}@Z`, one("other"), copy],
    [`${symbol("1")}${virtual}@XZ`, nothing, destroy],
    [`${symbol("4")}${member}${self}${own}${reference}${own}@Z`, one("other"), assign],
  ];
  if (name === "exception")
    return [
      ...common,
      // In the others it is among what the runtimes throw.
      ...(scope === "@@" ? ([[`?what@exception@@${what}XZ`, nothing, exceptionText]] satisfies typeof common) : []),
      [`${symbol("0")}${member}@XZ`, nothing, withText(true)],
      [`${symbol("0")}${member}@${textReference}@Z`, one("what"), withText(false, behind)],
      [
        `${symbol("0")}${member}@${textReference}H@Z`,
        convention("thiscall", fn(RESULT, SELF, ["what", PVOID], ["shares", INT])),
        withText(true, behind),
      ],
    ];
  const more: typeof common = [];
  if (name === "bad_cast") {
    more.push([`${symbol("0")}${hidden}@${textPointer}@Z`, one("what"), withText(false, behind)]);
    if (scope === "@@") more.push([`${symbol("0")}${member}@${textReference}@Z`, one("what"), withText(false, behind)]);
  }
  return [...common, ...more, [`${symbol("0")}${member}@${text}@Z`, one("what"), withText(false)]];
}

function storeText(thread: Thread, object: number, text: number, shares: boolean): void {
  const { memory } = thread;
  if (text === 0) return;
  const from = message(thread, object);
  memory.setPointer(from, text);
  if (shares) return;
  memory.setU8(isOwned(thread, object), 1);
  copyExceptionData(thread, from, from);
}

const CLASSES: readonly StandardException[] = ["exception", "bad_cast", "bad_typeid", "__non_rtti_object"];

function classesOf(dlls: readonly string[], scope: ExceptionScope): Implementation<Thread, object>[] {
  return ([8, 4] as const).map((pointerSize) => {
    const members = CLASSES.flatMap((name) => membersOf(name, scope, pointerSize));
    return {
      table: api(dlls, Object.fromEntries(members.map(([name, declaration]) => [name, declaration])), { ...CDECL, only: pointerSize }),
      bodies: Object.fromEntries(members.map(([name, , body]) => [name, body])),
    };
  });
}

/** The classes of the runtimes of Visual C++ 2008 to 2013. */
export const exceptionClasses = classesOf(OLDER_RUNTIMES, "@std@@");
/** Those of msvcrt, which are in no namespace. */
export const msvcrtExceptionClasses = classesOf([MSVCRT], "@@");
