/** The answer to a call with bytes that the server does not have: the client is to repeat it with the bytes themselves. */
export const SEND_CONTENT = -1;

/** What a client closes its connection with when it is done: its session ends at once. */
export const DONE = "done";
