// Scenes that need rules of the packet filter: the test file runs itself again
// in a network namespace of its own, where it is root and nobody else is.

import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const WAYS = [['-Urn'], ['-n']]; // as anybody, where that is allowed; as root
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

// Inside: the part of the file that is to run there.
export const inside = process.env.PARED_NETNS === '1';

function run(way, script, input) {
  return spawnSync('unshare', [...way, 'sh', '-ec', script],
    { input, encoding: 'latin1', env: { ...process.env, PATH } });
}

// How a namespace can be had, or { why } it cannot.
function findWay() {
  let why = '';
  for (const way of WAYS) {
    const probe = 'ip link set lo up; echo "add table inet probe" | nft -f -';
    const { status, stderr, error } = run(way, probe);
    if (status === 0) {
      return { way };
    }
    why = (error?.message ?? stderr).trim().split('\n').pop();
  }
  return { why: `no network namespace with ip and nft here: ${why}` };
}

// Runs the file again with these addresses on lo and these rules; t is the test
// that stands for all of it outside.
export async function again(t, { url, addresses, rules }) {
  const { way, why } = findWay();
  if (!way) {
    t.skip(why);
    return;
  }
  const env = { ...process.env, PATH, PARED_NETNS: '1', RULES: rules };
  // Else the runner inside would talk to the one outside.
  delete env.NODE_TEST_CONTEXT;
  const script = [
    'ip link set lo up',
    ...addresses.map((a) => `ip address add ${a} dev lo`),
    'printf "%s\\n" "$RULES" | nft -f -',
    'exec "$0" --test-reporter=tap "$1"',
  ].join('\n');
  const child = spawn('unshare', [...way, 'sh', '-ec', script, process.execPath, fileURLToPath(url)],
    { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  child.stdout.on('data', (d) => { out += d; });
  child.stderr.on('data', (d) => { out += d; });
  const code = await new Promise((resolve) => { child.once('close', resolve); });
  if (code !== 0) {
    throw new Error(`inside the namespace (${code}):\n${out}`);
  }
  t.diagnostic(/^# pass \d+$/m.exec(out)?.[0] ?? 'inside: no count');
}
