/** The functions that run when a program exits. */
export class ExitCallbacks {
  /** atexit's, _onexit's and _crt_atexit's, oldest first. */
  readonly atExit: number[] = [];
  /** at_quick_exit's. */
  readonly atQuickExit: number[] = [];
  /** What a program's own image is told when it exits: _register_thread_local_exe_atexit_callback's; 0 for none. */
  threadLocal = 0;
  /** exit is under way: it does not begin again. */
  isExiting = false;
}
