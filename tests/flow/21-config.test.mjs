// Goal: a configuration that is wrong is told with file, line and the nearest
// name, all errors at once, by exit codes that scripts can use; a ziproxy.conf
// works as it is.

import fs from 'node:fs';
import path from 'node:path';
import { after } from 'node:test';
import { Pared, freePort, runPared, tempDir } from '../support/pared.mjs';
import { assert, flow } from '../support/flow.mjs';

const none = { it: null };
const dir = tempDir();
after(() => fs.rmSync(dir, { recursive: true, force: true }));

function file(text, name = 'pared.conf') {
  const f = path.join(dir, name);
  fs.writeFileSync(f, text);
  return f;
}

for (const [name, text, want] of [
  ['an unknown name', 'Port = 18080\nPrt = 8080\n', /pared\.conf:2: .*Prt.*Port/],
  ['a name in the wrong place', 'Port = 18080\nurl = "a"\n', /pared\.conf:2: /],
  ['an unknown section', 'Port = 18080\nlist { }\n', /pared\.conf:2: /],
  ['text for a number', 'Port = "http"\n', /pared\.conf:1: /],
  ['a port out of range', 'Port = 65536\n', /pared\.conf:1: .*65535/],
  ['port zero', 'Port = 0\n', /pared\.conf:1: /],
  ['a negative port', 'Port = -1\n', /pared\.conf:1: /],
  ['a number that overflows', 'Port = 99999999999999999999999\n', /pared\.conf:1: /],
  ['a wrong boolean', '\n\nGzip = perhaps\n', /pared\.conf:3: /],
  ['a wrong address', 'Address = "300.1.2.3"\n', /pared\.conf:1: /],
  ['a wrong prefix', 'OnlyFrom = {"10.0.0.0/33"}\n', /pared\.conf:1: /],
  ['a range backwards', 'OnlyFrom = {"10.0.0.9-10.0.0.1"}\n', /pared\.conf:1: /],
  ['three qualities', 'ImageQuality = {1,2,3}\n', /pared\.conf:1: /],
  ['a quality above 100', 'ImageQuality = {1,2,3,101}\n', /pared\.conf:1: /],
  ['a brace that does not close', 'OnlyFrom = {"10.0.0.1"\nPort = 18080\n', /pared\.conf:\d+: /],
  ['a quote that does not close', 'AccessLog = "/tmp/x\nPort = 18080\n', /pared\.conf:\d+: /],
  ['no value', 'Port =\n', /pared\.conf:\d+: /],
  ['no equals sign', 'Port 8080\n', /pared\.conf:1: /],
  ['a password mode without a file', 'AuthMode = 1\n', /AuthPasswdFile/],
  ['a password file that is not there', 'AuthMode = 1\nAuthPasswdFile = "/nowhere/passwd"\n', /nowhere\/passwd/],
  ['a list that is not there', 'URLDeny = "/nowhere/deny"\n', /nowhere\/deny/],
  ['a source without a url', 'lists { source a { } }\n', /pared\.conf:\d+: |source/],
  ['a source of a kind not known', 'lists { source a { url = "gopher://a/" } }\n', /gopher|pared\.conf:1/],
  ['a wrong log format', 'AccessLogFormat = "xml"\n', /pared\.conf:1: /],
  ['a binary file', '\0\x01\x02\xff\xfe\n', /pared\.conf/],
]) {
  flow(none, `check: ${name}`, async () => {
    const f = file(text);
    const { code, stderr, stdout } = await runPared(['check', '-c', f]);
    assert.equal(code, 1, `exit ${code}: ${stdout}${stderr}`);
    assert.match(stderr, want);
    // run refuses in the same words.
    const run = await runPared(['run', '-c', f]);
    assert.notEqual(run.code, 0);
    assert.match(run.stderr, want);
  });
}

flow(none, 'check: all errors at once', async () => {
  const { code, stderr } = await runPared(['check', '-c', file('Prot = 1\nGzip = x\nPort = 0\nMaxSiz = 1\n')]);
  assert.equal(code, 1);
  for (const line of [1, 2, 3, 4]) {
    assert.match(stderr, new RegExp(`pared\\.conf:${line}: `));
  }
});

flow(none, 'check: a good file is 0, a missing file is told', async () => {
  const good = await runPared(['check', '-c', file(`Port = ${await freePort()}\n`)]);
  assert.equal(good.code, 0, good.stderr);
  const gone = await runPared(['check', '-c', path.join(dir, 'nowhere.conf')]);
  assert.ok([1, 2].includes(gone.code));
  assert.match(gone.stderr, /nowhere\.conf/);
});

flow(none, 'usage errors are 2 and go to stderr, help is 0 and goes to stdout', async () => {
  for (const args of [['nonsense'], ['run', '--no-such-option'], ['check', '-c']]) {
    const { code, stdout, stderr } = await runPared(args);
    assert.equal(code, 2, `${args}: ${stderr}`);
    assert.equal(stdout, '');
    assert.notEqual(stderr, '');
  }
  const help = await runPared(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /run/);
  const version = await runPared(['--version']);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /\d+\.\d+/);
});

flow(none, 'check --defaults writes a file that check takes', async () => {
  const { code, stdout } = await runPared(['check', '--defaults']);
  assert.equal(code, 0);
  assert.match(stdout, /Port = 8080/);
  const again = await runPared(['check', '-c', file(stdout, 'defaults.conf')]);
  assert.equal(again.code, 0, again.stderr);
});

flow(none, 'a port that is taken is an error that names it', async (s) => {
  const origin = await s.origin();
  const { code, stderr } = await runPared(['run', '-c', file(`Port = ${origin.port}\nAddress = "127.0.0.1"\n`)]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(String(origin.port)));
});

const ZIPROXY = (port) => `# Ziproxy's own file
Port = ${port}
Address = "127.0.0.1"
OnlyFrom = "127.0.0.1-127.0.0.255"
ConnTimeout = 90
MaxSize = 1048576
Gzip = TRUE
Compressible = {"shockwave","msword"}
ImageQuality = {30,25,25,20}
ProcessJPG = T
ProcessHTML = N
ProcessJP2 = false
UseContentLength = false
RestrictOutPortCONNECT = {443}
AccessLog = "${dir}/zlog"
`;

flow(none, 'a ziproxy.conf works as it is, and check tells what differs', async (s) => {
  const port = await freePort();
  const f = file(ZIPROXY(port), 'ziproxy.conf');
  const { code, stdout, stderr } = await runPared(['check', '-c', f]);
  assert.equal(code, 0, stderr);
  assert.match(stdout + stderr, /ProcessJP2/);
  // Only Ziproxy's names: its log format, too.
  const log = path.join(dir, 'zlog2');
  const proxy = await Pared.start({
    AllowPrivate: undefined, OnlyFrom: '127.0.0.1', ConnTimeout: 90, MaxSize: 1048576,
    ImageQuality: [30, 25, 25, 20], AccessLog: log,
  });
  s.proxy = proxy;
  const client = await s.client();
  assert.equal((await client.ask('http://127.0.0.2:8000/x')).status, 403);
  client.close();
  await proxy.stop();
  s.proxy = null;
  assert.match(fs.readFileSync(log, 'latin1'), /^\d+\.\d{3} +\d+ +127\.0\.0\.1 +P\S* +0 +\d+ GET http:\/\/127\.0\.0\.2:8000\/x\n/m);
});

flow(none, 'a second proxy on the same port is refused and takes nothing away', async (s) => {
  const pid = path.join(dir, 'pid');
  s.proxy = await Pared.start({ PIDFile: pid });
  const { code, stderr } = await runPared(
    ['run', '-c', file(`Address = "127.0.0.1"\nPort = ${s.proxy.port}\nPIDFile = "${pid}"\n`)]);
  assert.equal(code, 1);
  assert.match(stderr, /cannot listen on 127\.0\.0\.1:\d+: Address already in use/);
  assert.ok(fs.existsSync(pid));
  await s.proxy.stop();
  s.proxy = null;
  assert.ok(!fs.existsSync(pid));
});

flow(none, 'a name that stands twice in a ziproxy.conf is refused, as Ziproxy does', async () => {
  const f = file(`${ZIPROXY(18080)}Port = 18081\n`, 'twice.conf');
  const { code, stderr } = await runPared(['check', '-c', f]);
  assert.equal(code, 1);
  assert.match(stderr, /Port/);
});

flow(none, 'Debian\'s ziproxy.conf, if it is installed', async (s, t) => {
  if (!fs.existsSync('/etc/ziproxy/ziproxy.conf')) {
    t.skip('ziproxy is not installed');
    return;
  }
  const { code, stderr } = await runPared(['check', '-c', '/etc/ziproxy/ziproxy.conf']);
  assert.equal(code, 0, stderr);
});
