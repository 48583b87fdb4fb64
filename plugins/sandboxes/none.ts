/** No confinement at all. Its probe says so, which is why it is never chosen unless it is asked for by name. */

import { sandboxes, type Plugin, type Sandbox } from '../../core/index.ts';

export default function none(): Plugin {
  return {
    name: 'none',
    api: 1,
    setup: (host) => {
      host.add(sandboxes, sandbox);
    },
  };
}

const sandbox: Sandbox = {
  name: 'none',
  probe: () => ({ level: 'none', reasons: ['commands run as you, with all that you may do'] }),
  plan: ({ argv: [file, ...args], cwd, env }) => ({ file, args, cwd, env }),
};
