/** Variables that may be set beside a command without changing what it is. */

import type { Assignment, Segment } from '../shell/script.ts';

/** Variables of the environment that only say how much to tell, and in which form. */
const harmless =
  /^(?:CI|NODE_ENV|LANG|LC_[A-Z]+|TERM|NO_COLOR|FORCE_COLOR|CLICOLOR|CLICOLOR_FORCE|COLUMNS|LINES|DEBUG|VERBOSE|RUST_BACKTRACE|RUST_LOG|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|GOOS|GOARCH|CGO_ENABLED)$/;
/** Names that the shell, or programs it starts, do not look at. */
const ownName = /^(?!.*_proxy$)(?!npm_)[a-z][a-z\d_]*$/;

/** Whether it changes nothing but its variable; one that is set by itself stays in the shell. */
export function isHarmless({ name, value }: Assignment, { words }: Segment): boolean {
  const isPager = /^(?:GIT_|GH_)?PAGER$/.test(name) && value.value === 'cat';
  return harmless.test(name) || isPager || (words.length === 0 && ownName.test(name));
}
