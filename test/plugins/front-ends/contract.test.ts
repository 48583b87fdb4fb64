import { testFrontEnd } from '../../contracts/front-ends.ts';

const calls = [{ name: 'shell', args: { command: 'sleep 60' } }];
const script = { steps: [{ when: 'sleep', calls }, { text: 'Hello.' }] };

testFrontEnd({ name: 'exec', works: ['hi'], busy: ['sleep'], place: { script } });
testFrontEnd({ name: 'thread', works: ['list'] });
testFrontEnd({ name: 'plugin', works: ['list'] });
testFrontEnd({ name: 'audit', works: ['verify'] });
testFrontEnd({ name: 'doctor', works: [] });
testFrontEnd({ name: 'sandbox', works: ['--', 'echo', 'hi'], busy: ['--', 'sleep', '60'] });
