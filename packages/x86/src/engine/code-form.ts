import type { Guarding } from "./access-checks.ts";

/** How code is made from the same bytes. What was translated in one form serves no other. Each form is there once: they compare by identity. */
export interface CodeForm {
  readonly guarding: Guarding;
  /** Whether floating point minds MXCSR and the x87's masks, and tells all that it raises. */
  readonly hasExactFloats: boolean;
}

export const GUARDINGS: readonly Guarding[] = ["trap", "exact", "checked"];
const FORMS = [false, true].flatMap((hasExactFloats) => GUARDINGS.map((guarding): CodeForm => ({ guarding, hasExactFloats })));

/** What code is made as unless something asks for more. */
export const PLAIN_FORM = codeForm("trap", false);

export function codeForm(guarding: Guarding, hasExactFloats: boolean): CodeForm {
  return FORMS[GUARDINGS.indexOf(guarding) + (hasExactFloats ? GUARDINGS.length : 0)] as CodeForm;
}

/** The form that asks for what either asks for. */
export function strictest(a: CodeForm, b: CodeForm): CodeForm {
  const guarding = GUARDINGS.indexOf(a.guarding) > GUARDINGS.indexOf(b.guarding) ? a.guarding : b.guarding;
  return codeForm(guarding, a.hasExactFloats || b.hasExactFloats);
}

/** A form's number where code is kept. */
export const formNumber = (form: CodeForm): number => FORMS.indexOf(form);

/** The form of a number that was kept. */
export const formOf = (number: number): CodeForm => FORMS[number] ?? PLAIN_FORM;
