/** The exit codes of every command. A command may have a stricter reading of one, told in its help. */
export const EXIT = {
  /** Done. */
  done: 0,
  /** A problem, told on standard error with the fix. */
  problem: 1,
  /** The command line cannot be read. */
  usage: 2,
  /** Where asked for: something would be built (`plan --exit-code`) or has drifted (`lock --check`). */
  differs: 3,
  /** Builds were left running (`build`, `watch`); the same command comes back to them. */
  left: 4,
  /** Builds were cancelled with a second Ctrl-C. */
  interrupted: 130,
} as const;
