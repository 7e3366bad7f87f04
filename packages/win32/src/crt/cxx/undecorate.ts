/**
 * Microsoft's decorated type names, made readable as type_info::name shows them (UnDecorateSymbolName's UNDNAME_TYPE_ONLY). Names that make no sense
 * come back as they are.
 */
export function undecorateType(decorated: string): string {
  try {
    const names = new TypeNames(decorated.startsWith(".") ? decorated.slice(1) : decorated);
    const type = names.type();
    return names.isAtEnd ? type.show("") : decorated;
  } catch (error) {
    if (error instanceof NotDecorated) return decorated;
    throw error;
  }
}

class NotDecorated extends Error {}

/** A type, shown around what it declares: a name, or what a pointer to it declares. */
interface Shape {
  readonly isFunction?: boolean;
  show(declared: string): string;
}

const BASIC: Readonly<Record<string, string>> = {
  C: "signed char", D: "char", E: "unsigned char", F: "short", G: "unsigned short", H: "int", I: "unsigned int", J: "long", K: "unsigned long",
  M: "float", N: "double", O: "long double", X: "void",
}; // prettier-ignore
const EXTENDED: Readonly<Record<string, string>> = {
  D: "__int8", E: "unsigned __int8", F: "__int16", G: "unsigned __int16", H: "__int32", I: "unsigned __int32", J: "__int64", K: "unsigned __int64",
  L: "__int128", M: "unsigned __int128", N: "bool", Q: "char8_t", S: "char16_t", U: "char32_t", W: "wchar_t",
}; // prettier-ignore
const CLASSES: Readonly<Record<string, string>> = { T: "union", U: "struct", V: "class" };
const CONVENTIONS: Readonly<Record<string, string>> = {
  A: "__cdecl", B: "__cdecl", E: "__thiscall", F: "__thiscall", G: "__stdcall", H: "__stdcall", I: "__fastcall", J: "__fastcall", Q: "__vectorcall",
}; // prettier-ignore
/** Of pointers themselves. */
const POINTERS: Readonly<Record<string, readonly [sign: string, qualifier: string]>> = {
  A: ["&", ""], B: ["&", " volatile"], P: ["*", ""], Q: ["*", " const"], R: ["*", " volatile"], S: ["*", " const volatile"],
}; // prettier-ignore
const QUALIFIERS = ["", "const ", "volatile ", "const volatile "] as const;
const MAX_DEPTH = 200;

function named(name: string): Shape {
  return { show: (declared) => (declared === "" ? name : `${name} ${declared}`) };
}

function qualified(type: Shape, qualifier: string): Shape {
  return qualifier === "" ? type : { ...type, show: (declared) => type.show(`${qualifier}${declared}`) };
}

/** A pointer or reference: of functions it stands beside what it declares, of others a space apart. */
function pointerTo(type: Shape, sign: string): Shape {
  const gap = type.isFunction === true && /[*&]$/.test(sign) ? "" : " ";
  return { show: (declared) => type.show(declared === "" ? sign : `${sign}${gap}${declared}`) };
}

class TypeNames {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  /** What the digits stand for in names, and in parameters: the first ten of each. */
  #names: string[] = [];
  #parameters: Shape[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  type(): Shape {
    if (++this.#depth > MAX_DEPTH) throw new NotDecorated();
    try {
      return this.#type();
    } finally {
      this.#depth--;
    }
  }

  #type(): Shape {
    const code = this.#next();
    const basic = BASIC[code];
    if (basic !== undefined) return named(basic);
    if (code in CLASSES) return named(`${CLASSES[code]} ${this.#qualifiedName()}`);
    if (code in POINTERS) return this.#pointer(...POINTERS[code]!);
    switch (code) {
      case "_":
        return named(EXTENDED[this.#next()] ?? fail());
      case "W":
        this.#expect("4");
        return named(`enum ${this.#qualifiedName()}`);
      case "?":
        return this.#qualifiedType();
      case "Y":
        return this.#array();
      case "$":
        return this.#special();
      default:
        return fail();
    }
  }

  #special(): Shape {
    this.#expect("$");
    switch (this.#next()) {
      case "Q":
        return this.#pointer("&&", "");
      case "R":
        return this.#pointer("&&", " volatile");
      case "A":
        this.#expect("6");
        return this.#function();
      case "B":
        return this.type();
      case "C":
        return this.#qualifiedType();
      case "T":
        return named("std::nullptr_t");
      default:
        return fail();
    }
  }

  #qualifiedType(): Shape {
    const qualifier = this.#qualifier();
    return qualified(this.type(), qualifier);
  }

  #pointer(sign: string, own: string): Shape {
    let suffix = "";
    let unaligned = "";
    for (;;) {
      if (this.#take("E")) suffix += " __ptr64";
      else if (this.#take("I")) suffix += " __restrict";
      else if (this.#take("F")) unaligned = "__unaligned ";
      else break;
    }
    const shown = `${unaligned}${sign}${suffix}${own}`;
    if (this.#take("6")) return pointerTo(this.#function(), shown);
    if (this.#take("8")) {
      const scope = this.#qualifiedName();
      const suffixOfMethod = this.#methodQualifier();
      return pointerTo(this.#function(suffixOfMethod), ` ${scope}::${shown}`);
    }
    if ("QRST".includes(this.#peek())) {
      const qualifier = QUALIFIERS["QRST".indexOf(this.#next())]!;
      const scope = this.#qualifiedName();
      return pointerTo(qualified(this.type(), qualifier), `${scope}::${shown}`);
    }
    return pointerTo(this.#qualifiedType(), shown);
  }

  #function(suffix = ""): Shape {
    const convention = CONVENTIONS[this.#next()] ?? fail();
    const result = this.#take("@") ? named("") : this.type();
    const parameters = this.#parameterList();
    this.#take("Z");
    return {
      isFunction: true,
      show: (declared) => result.show(`${declared === "" ? convention : `(${convention}${declared})`}(${parameters})${suffix}`),
    };
  }

  #parameterList(): string {
    if (this.#take("X")) return "void";
    const list: string[] = [];
    for (;;) {
      if (this.#take("@")) break;
      if (this.#take("Z")) {
        list.push("...");
        break;
      }
      const digit = this.#peek();
      if (digit >= "0" && digit <= "9") {
        this.#at++;
        list.push((this.#parameters[Number(digit)] ?? fail()).show(""));
        continue;
      }
      const start = this.#at;
      const shape = this.type();
      if (this.#at - start > 1 && this.#parameters.length < 10) this.#parameters.push(shape);
      list.push(shape.show(""));
    }
    return list.join(",");
  }

  #methodQualifier(): string {
    let suffix = "";
    while (this.#take("E")) suffix += " __ptr64";
    return `${this.#qualifier().trim()}${suffix}`;
  }

  #array(): Shape {
    const count = this.#number();
    let sizes = "";
    for (let i = 0n; i < count; i++) sizes += `[${this.#number()}]`;
    const element = this.type();
    return { show: (declared) => element.show(`${declared === "" ? "" : `(${declared})`}${sizes}`) };
  }

  /** A name and its scopes, the innermost first, which an empty one ends. */
  #qualifiedName(): string {
    const parts: string[] = [];
    while (!this.#take("@")) parts.unshift(this.#fragment());
    return parts.join("::");
  }

  #fragment(): string {
    const first = this.#peek();
    if (first >= "0" && first <= "9") {
      this.#at++;
      return this.#names[Number(first)] ?? fail();
    }
    if (!this.#take("?")) return this.#remember(this.#simpleName());
    if (this.#take("$")) return this.#remember(this.#template());
    if (this.#take("A")) {
      this.#simpleName();
      return this.#remember("`anonymous namespace'");
    }
    return `\`${this.#number()}'`;
  }

  #template(): string {
    const [names, parameters] = [this.#names, this.#parameters];
    this.#names = [];
    this.#parameters = [];
    const name = this.#remember(this.#simpleName());
    const list: string[] = [];
    while (!this.#take("@")) {
      const argument = this.#templateArgument();
      if (argument !== "") list.push(argument);
    }
    this.#names = names;
    this.#parameters = parameters;
    const joined = list.join(",");
    return `${name}<${joined}${joined.endsWith(">") ? " " : ""}>`;
  }

  #templateArgument(): string {
    const digit = this.#peek();
    if (digit >= "0" && digit <= "9") {
      this.#at++;
      return (this.#parameters[Number(digit)] ?? fail()).show("");
    }
    if (this.#text.startsWith("$0", this.#at)) {
      this.#at += 2;
      return String(this.#number());
    }
    if (this.#text.startsWith("$$V", this.#at) || this.#text.startsWith("$$Z", this.#at)) {
      this.#at += 3;
      return "";
    }
    if (this.#take("X")) return "void";
    const start = this.#at;
    const shape = this.type();
    if (this.#at - start > 1 && this.#parameters.length < 10) this.#parameters.push(shape);
    return shape.show("");
  }

  #simpleName(): string {
    const end = this.#text.indexOf("@", this.#at);
    if (end < 0 || end === this.#at) return fail();
    const name = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return name;
  }

  #remember(name: string): string {
    if (this.#names.length < 10) this.#names.push(name);
    return name;
  }

  /** Digits stand for 1 to 10; others are hexadecimal from A, which "@" ends. */
  #number(): bigint {
    const sign = this.#take("?") ? -1n : 1n;
    const first = this.#next();
    if (first >= "0" && first <= "9") return sign * (BigInt(first) + 1n);
    let value = 0n;
    for (let digit = first; digit !== "@"; digit = this.#next()) {
      if (digit < "A" || digit > "P") fail();
      value = value * 16n + BigInt(digit.charCodeAt(0) - 65);
    }
    return sign * value;
  }

  /** const and volatile of what a pointer points to. */
  #qualifier(): string {
    const index = "ABCD".indexOf(this.#next());
    return index < 0 ? fail() : QUALIFIERS[index]!;
  }

  #peek(): string {
    return this.#text[this.#at] ?? fail();
  }

  #next(): string {
    const character = this.#peek();
    this.#at++;
    return character;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) fail();
  }
}

function fail(): never {
  throw new NotDecorated();
}
