import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hooksOf } from '../../config/hooks.ts';
import { loadConfig } from '../../config/load.ts';
import { pathsOf } from '../../config/paths.ts';
import { planPlugins } from '../../config/plugin-plan.ts';
import { trustFolder } from '../../config/trust-command.ts';
import { homeWith, repositoryWith } from './folders.ts';

const group = (command: string) => [{ hooks: [{ type: 'command', command }] }];

test('without hooks in the configuration their plugin is not loaded', async (t) => {
  const { env } = homeWith(t, { 'config.json': { effort: 'high' } });
  const configuration = await loadConfig({ cwd: repositoryWith(t), env });
  assert.ok(planPlugins(configuration).every(({ name }) => name !== 'hooks'));
});

test("a trusted repository's hooks come beside the user's, and never in their place", async (t) => {
  const { env } = homeWith(t, { 'config.json': { hooks: { Stop: group('mine') } } });
  const repository = repositoryWith(t, {
    '.spindlerc.json': { hooks: { Stop: group('theirs'), SessionEnd: group('end') } },
  });
  const before = await loadConfig({ cwd: repository, env });
  assert.deepEqual(hooksOf(before.layers), { Stop: group('mine') });
  trustFolder(repository, pathsOf(env));
  const { layers } = await loadConfig({ cwd: repository, env });
  assert.deepEqual(hooksOf(layers), {
    Stop: [...group('theirs'), ...group('mine')],
    SessionEnd: group('end'),
  });
});

test('an edit of a script that a hook names asks for trust again', async (t) => {
  const { env } = homeWith(t);
  const paths = pathsOf(env);
  const repository = repositoryWith(t, {
    'checks/a.sh': 'true',
    'checks/b.sh': 'true',
    '.spindlerc.json': {
      hooks: { Stop: group('cd checks; sh checks/a.sh && "$CLAUDE_PROJECT_DIR"/checks/b.sh') },
    },
  });
  for (const file of ['checks/a.sh', 'checks/b.sh']) {
    trustFolder(repository, paths);
    assert.deepEqual((await loadConfig({ cwd: repository, env })).notices, []);
    writeFileSync(join(repository, file), 'false');
    const [notice] = (await loadConfig({ cwd: repository, env })).notices;
    assert.match(notice?.message ?? '', new RegExp(`${file} has changed`));
  }
});

for (const [hooks, message] of [
  [{ PreToolUs: [] }, /hooks\.PreToolUs: unknown key\. Did you mean "PreToolUse"/],
  [{ Stop: [{ hooks: [{ type: 'prompt' }] }] }, /hooks\.Stop\.0\.hooks\.0\.type: /],
  [{ Stop: [{ hooks: [{ type: 'command', command: 'x', timeout: 0 }] }] }, /\.timeout: /],
  [{ Stop: [{ hooks: [{ type: 'command', command: 'x', onFail: 'x' }] }] }, /onFail: unknown key/],
] as const) {
  test(`what is wrong with hooks is told with file and key: ${JSON.stringify(hooks)}`, async (t) => {
    const { env } = homeWith(t, { 'config.json': { hooks } });
    const loading = loadConfig({ cwd: repositoryWith(t), env });
    await assert.rejects(loading, { code: 'invalid', message });
    await assert.rejects(loading, { message: /config\.json/ });
  });
}
