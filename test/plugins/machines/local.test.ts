import { after } from 'node:test';
import { createKernel, type Machine, machines } from '../../../core/index.ts';
import local from '../../../plugins/machines/local.ts';
import { machineContract } from '../../contracts/machines.ts';

let found: Machine | undefined;
const look = {
  name: 'look',
  api: 1 as const,
  setup: (host: { get: (slot: typeof machines) => readonly Machine[] }) => {
    found = host.get(machines)[0];
  },
};
const kernel = await createKernel({ plugins: [{ plugin: local() }, { plugin: look }] });
after(() => kernel[Symbol.asyncDispose]());

machineContract('local', () => {
  if (found === undefined) throw new Error('the plugin added no machine');
  return found;
});
