/** The hooks that a user has set. */
export class Hooks {}
