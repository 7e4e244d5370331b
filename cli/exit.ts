/**
 * The exit codes of every command: done; a problem, told on standard error; a command line that cannot be read; and,
 * where asked for, that something would be built or has drifted; that builds were left running; that they were cancelled.
 */
export const EXIT = { done: 0, problem: 1, usage: 2, differs: 3, left: 4, interrupted: 130 } as const;
