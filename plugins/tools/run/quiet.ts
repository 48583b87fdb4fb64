/** Environment of commands: programs that would page, draw or colour are told that there is no terminal. */
export const quietEnv: Readonly<Record<string, string>> = {
  TERM: 'dumb',
  NO_COLOR: '1',
  PAGER: 'cat',
  GIT_PAGER: 'cat',
  GH_PAGER: 'cat',
  /** A first-level bash whose stdin is a socket, as Node's pipes are, takes itself for one of rshd and runs ~/.bashrc. */
  SHLVL: '1',
};
