// Goal: lists are compiled whole or not at all, their worth is told, other
// lists are tried on yesterday's requests first, and damage is found.

import fs from 'node:fs';
import path from 'node:path';
import { after } from 'node:test';
import { Dns } from '../support/dns.mjs';
import { answer } from '../support/origin.mjs';
import { Pared, configText, runPared, tempDir } from '../support/pared.mjs';
import { assert, eventually, flow } from '../support/flow.mjs';

const top = tempDir();
after(() => fs.rmSync(top, { recursive: true, force: true }));
let last = 0;

// A folder with lists and a configuration that names them.
function site(lists, { options = {}, more = '' } = {}) {
  last += 1;
  const dir = path.join(top, `site${last}`);
  fs.mkdirSync(path.join(dir, 'lib'), { recursive: true });
  const sources = Object.entries(lists).map(([name, list]) => {
    const { text, off } = typeof list === 'string' ? { text: list } : list;
    const file = path.join(dir, `${name}.txt`);
    fs.writeFileSync(file, text);
    return ` source ${name} { url = "file:${file}" ${off ? 'enabled = false' : ''} }\n`;
  }).join('');
  const extra = `lists {\n directory = "${dir}/lib"\n update = "off"\n${sources}}\n${more}`;
  const conf = path.join(dir, 'pared.conf');
  fs.writeFileSync(conf, configText({ Port: 18080, ...options }, extra));
  return { dir, lib: path.join(dir, 'lib'), conf, extra, rules: path.join(dir, 'lib', 'rules.pared') };
}
const lists = (at, what, ...args) => runPared(['lists', what, '-c', at.conf, ...args]);

flow({ it: null }, 'compile: a table of what became of each list', async () => {
  const at = site({
    one: '||a.test^\n||b.test^$script\n##.ad\n/x/$popup\n/y/$nosuchoption\n',
    two: '||a.test^\n||www.a.test^\n||c.test^\n||c.test^$badfilter\n',
  });
  const { code, stdout, stderr } = await lists(at, 'compile');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^one +2 +1 /m);
  assert.match(stdout, /^two +/m);
  assert.match(stdout, /popup/);
  const json = JSON.parse((await lists(at, 'compile', '--json')).stdout);
  assert.equal(json.file, at.rules);
  assert.equal(json.bytes, fs.statSync(at.rules).size);
  const [one, two] = json.lists;
  assert.deepEqual([one.name, one.rules, one.cosmetics, one.without_effect, one.skipped], ['one', 2, 1, 1, 1]);
  assert.deepEqual(one.reasons, { popup: 1, 'option-unknown': 1 });
  assert.equal(one.same + two.same, 1);
  assert.equal(two.covered, 1);
  assert.equal(two.taken, 1);
  assert.ok(fs.existsSync(`${at.rules}.old`));
});

flow({ it: null }, 'compile: a list that went bad leaves the rule file as it was', async () => {
  const at = site({ one: '||a.test^\n', two: '||b.test^\n' });
  assert.equal((await lists(at, 'compile')).code, 0);
  const before = fs.readFileSync(at.rules);
  const two = path.join(at.dir, 'two.txt');
  fs.writeFileSync(two, '<html><body>503</body></html>\n');
  const bad = await lists(at, 'compile');
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /two\.txt/);
  assert.match(bad.stderr, /the one before stays/);
  fs.rmSync(two);
  const gone = await lists(at, 'compile');
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /two\.txt/);
  assert.ok(fs.readFileSync(at.rules).equals(before));
});

flow({ it: null }, 'compile: a page instead of a list is refused', async () => {
  const at = site({ one: '<!DOCTYPE html><html><body>Sorry</body></html>\n' });
  const { code, stderr } = await lists(at, 'compile');
  assert.equal(code, 1);
  assert.match(stderr, /one\.txt/);
  assert.deepEqual(fs.readdirSync(at.lib), []);
});

flow({ it: null }, 'compile: --list and --out', async () => {
  const at = site({});
  const list = path.join(at.dir, 'new.txt');
  const out = path.join(at.dir, 'out.pared');
  fs.writeFileSync(list, '||a.test^\n');
  const dry = await runPared(['lists', 'compile', '--list', list], { dir: at.dir });
  assert.equal(dry.code, 0, dry.stderr);
  assert.deepEqual(fs.readdirSync(at.dir).sort(), ['lib', 'new.txt', 'pared.conf']);
  assert.equal((await runPared(['lists', 'compile', '--list', list, '--out', out])).code, 0);
  const verify = await runPared(['lists', 'verify', out]);
  assert.equal(verify.code, 0, verify.stderr);
  assert.match(verify.stdout, /new/);
  assert.equal((await runPared(['lists', 'compile', '--list', list, '--out', '/nowhere/x'])).code, 1);
});

flow({ it: null }, 'verify: whole, stale, damaged, gone', async () => {
  const at = site({ one: '||a.test^\n||b.test^\n' });
  assert.equal((await lists(at, 'verify')).code, 1);
  assert.equal((await lists(at, 'compile')).code, 0);
  const good = await lists(at, 'verify', '--json');
  assert.equal(good.code, 0, good.stderr);
  const told = JSON.parse(good.stdout);
  assert.equal(told.ok, true);
  assert.equal(told.stale, false);
  assert.equal(told.lists[0].name, 'one');
  assert.ok(Object.keys(told.sections).length > 3);
  fs.writeFileSync(path.join(at.dir, 'one.txt'), '||a.test^\n||b.test^\n||c.test^\n');
  assert.equal(JSON.parse((await lists(at, 'verify', '--json')).stdout).stale, true);
  const bytes = fs.readFileSync(at.rules);
  for (const [what, broken] of [
    ['a byte', Buffer.from(bytes.map((b, i) => (i === bytes.length >> 1 ? b ^ 1 : b)))],
    ['the end', bytes.subarray(0, bytes.length - 1)],
    ['all of it', Buffer.from('not a rule file')],
    ['nothing', Buffer.alloc(0)],
  ]) {
    fs.writeFileSync(at.rules, broken);
    const { code, stderr } = await lists(at, 'verify');
    assert.equal(code, 1, what);
    assert.match(stderr, /rules\.pared: .*compile/, what);
  }
  // The daemon's way: it is made anew.
  const { code } = await runPared(['check', '-c', at.conf]);
  assert.equal(code, 0);
});

flow({ it: null }, 'stats: coverage comes to all rules', async () => {
  const at = site({
    one: '||a.test^\n||b.test^$script\n@@||c.test^\n##.ad\n/x/$popup\n/y/$nosuchoption\n/z/$nosuchoption\n',
  });
  const text = await lists(at, 'stats', '--reasons');
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /applied/);
  assert.match(text.stdout, /nosuchoption/);
  const json = JSON.parse((await lists(at, 'stats', '--reasons', '--json')).stdout);
  assert.equal(json.total, 6);
  assert.equal(json.applied, 3);
  assert.equal(json.cosmetics, 1);
  const sum = json.reasons.reduce((n, r) => n + r.rules, json.applied);
  assert.equal(sum, json.total);
  assert.deepEqual(json.reasons.find((r) => r.reason === 'option-unknown').what, { nosuchoption: 2 });
  assert.equal(json.reasons.find((r) => r.reason === 'popup').accepted, true);
});

flow({ it: null }, 'hits, dead rules, and a log replayed against another list', async (s) => {
  const origin = await s.origin();
  const dns = await Dns.start();
  const at = site({
    ads: '||ads.test^\n||dead.test^\n',
    hosts: '0.0.0.0 hosts.test\n0.0.0.0 dead-host.test\n',
    new: { text: '||fine.test^\n||ads.test^\n', off: true },
  });
  dns.set('fine.test', { A: ['127.0.0.1'] });
  const log = path.join(at.dir, 'access.json');
  const pared = await Pared.start({
    Nameservers: [dns.address], AccessLog: log, AccessLogFormat: 'json',
  }, { extra: at.extra });
  try {
    const client = await pared.client();
    for (let i = 0; i < 3; i += 1) {
      await client.ask('http://ads.test/x.gif', ['Referer: http://news.test/']);
    }
    await client.ask('http://hosts.test/x.gif');
    // As a frame: a page of its own is not blocked by its host alone.
    await client.ask(`http://fine.test:${origin.port}/page`, ['Sec-Fetch-Dest: iframe']);
    await client.ask('http://pared.internal/healthz');
    client.close();
    await eventually(() => fs.existsSync(log) && fs.readFileSync(log, 'latin1').split('\n').length > 6, 'the log');
  } finally {
    await pared.stop();
    await dns.stop();
  }
  assert.match(fs.readFileSync(log, 'latin1'), /"for":"image".*"page":"news\.test"/);

  const stats = JSON.parse((await lists(at, 'stats', '--json')).stdout);
  const of = (name) => stats.lists.find((l) => l.name === name);
  assert.deepEqual([of('ads').hits, of('ads').hit_rules, of('ads').dead], [3, 1, 1]);
  assert.deepEqual([of('hosts').hits, of('hosts').hit_rules, of('hosts').dead], [1, 1, 1]);
  const dead = JSON.parse((await lists(at, 'stats', '--dead', '--json')).stdout).dead;
  assert.deepEqual(dead.map((d) => [d.list, d.line, d.text]),
    [['ads', 2, '||dead.test^'], ['hosts', 2, 'dead-host.test']]);
  assert.match((await lists(at, 'stats', '--dead')).stdout, /^ads:2: \|\|dead\.test\^$/m);
  assert.match((await lists(at, 'stats')).stdout, /^ads +2 +3 /m);

  // With the one that is off, as it is configured.
  const before = fs.readdirSync(at.lib).sort();
  const replay = await lists(at, 'test', '--log', log, '--source', 'new', '--json');
  assert.equal(replay.code, 0, replay.stderr);
  const told = JSON.parse(replay.stdout);
  assert.equal(told.requests, 5);
  assert.equal(told.was_blocked, 4);
  assert.equal(told.newly_blocked, 1);
  assert.equal(told.newly_passed, 0);
  assert.match(told.blocked_rules[0].rule, /\|\|fine\.test\^$/);
  assert.equal(told.blocked_rules[0].url, `http://fine.test:${origin.port}/page`);
  assert.deepEqual(fs.readdirSync(at.lib).sort(), before);
  // By it alone.
  const alone = await runPared(['lists', 'test', '--log', log, '--list', path.join(at.dir, 'new.txt')]);
  assert.equal(alone.code, 0, alone.stderr);
  assert.match(alone.stdout, /^newly blocked: 1$/m);
  assert.match(alone.stdout, /^newly passed: 1$/m);
  assert.match(alone.stdout, /hosts\.test/);
  assert.match(alone.stdout, /^5 requests: 4 were blocked, 4 would be\.$/m);
});

flow({ it: null }, 'test: what is no log is told', async () => {
  const at = site({ one: '||a.test^\n' });
  const log = path.join(at.dir, 'ziproxy.log');
  fs.writeFileSync(log, '1795288702.286    196       127.0.0.1  P 731622  36288 GET http://a.test/\n');
  const { code, stderr } = await lists(at, 'test', '--log', log);
  assert.equal(code, 1);
  assert.match(stderr, /AccessLogFormat/);
  assert.equal((await lists(at, 'test', '--log', '/nowhere/x')).code, 1);
  assert.equal((await lists(at, 'test', '--log', log, '--source', 'on')).code, 2);
  const stdin = await runPared(['lists', 'test', '-c', at.conf, '--log', '-'], {
    input: '{"method":"GET","url":"http://a.test/x.gif","verdict":"pass"}\n',
  });
  assert.equal(stdin.code, 0, stdin.stderr);
  assert.match(stdin.stdout, /^newly blocked: 1$/m);
});

flow({ it: null }, 'update: what is new is compiled, what went bad changes nothing', async (s) => {
  let text = '! Title: Web\n||one.test^\n||two.test^\n';
  const origin = await s.origin(async (c) => {
    while (await c.request()) {
      await c.send(answer(text, { type: 'text/plain' }));
    }
  });
  const at = site({}, { options: { AllowPrivate: ['127.0.0.0/8'] } });
  fs.writeFileSync(at.conf, fs.readFileSync(at.conf, 'latin1')
    .replace('update = "off"\n', `update = "off"\n source web { url = "${origin.url}/web.txt" }\n`));
  const asked = async (host) => JSON.parse((await runPared(['why', '-c', at.conf, '--json', `http://${host}/x.gif`])).stdout);

  const first = await lists(at, 'update');
  assert.equal(first.code, 0, first.stderr);
  assert.equal(JSON.parse((await lists(at, 'verify', '--json')).stdout).stale, false);
  assert.equal((await asked('two.test')).blocked, true);

  text = '! Title: Web\n||one.test^\n||three.test^\n';
  assert.equal((await lists(at, 'update', '--force')).code, 0);
  assert.equal((await asked('two.test')).blocked, false);
  assert.equal((await asked('three.test')).blocked, true);

  const before = fs.readFileSync(at.rules);
  text = '<!DOCTYPE html><html><body>503 Sorry</body></html>';
  assert.equal((await lists(at, 'update', '--force')).code, 1);
  assert.ok(fs.readFileSync(at.rules).equals(before));
  assert.equal((await asked('three.test')).blocked, true);
});

flow({ it: null }, 'used wrongly: status 2, and what was meant', async () => {
  for (const args of [[], ['compil'], ['verify', 'a', 'b'], ['compile', 'x'], ['stats', 'x'], ['test'],
    ['stats', '--wrong']]) {
    const { code, stderr } = await runPared(['lists', ...args]);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, /usage/);
  }
  assert.match((await runPared(['lists', 'compil'])).stderr, /did you mean "compile"/);
  for (const word of ['compile', 'stats', 'test', 'verify', 'update']) {
    assert.equal((await runPared(['lists', word, '-h'])).code, 0, word);
  }
});

// A mapping of a file that is cut kills who reads on in it.
flow({ it: null }, 'files that are cut or gone do not reach a running pared', async (s) => {
  const at = site({ ads: '||ads.test^\n' });
  const pared = await Pared.start({}, { extra: at.extra });
  s.proxy = pared;
  const hits = path.join(at.lib, 'hits');
  const ask = async (client) => (await client.ask('http://ads.test/x.gif', ['Referer: http://news.test/'])).status;
  try {
    const client = await pared.client();
    const status = await ask(client);
    const whole = fs.readFileSync(at.rules);
    fs.truncateSync(at.rules, 0);
    fs.truncateSync(hits, 0);
    assert.equal(await ask(client), status);
    fs.writeFileSync(at.rules, Buffer.alloc(whole.length, 0xff));
    fs.rmSync(hits);
    assert.equal(await ask(client), status);
    assert.equal((await client.ask('http://pared.internal/healthz')).status, 200);
    fs.writeFileSync(at.rules, whole);
    // A reload saves, and goes on counting.
    pared.signal('SIGHUP');
    await eventually(() => fs.existsSync(hits), 'hits to be saved');
    const told = JSON.parse((await lists(at, 'stats', '--json')).stdout);
    assert.equal(told.lists[0].hits, 3);
    assert.equal(await ask(client), status);
    client.close();
  } finally {
    s.proxy = null;
    await pared.stop();
  }
  const told = JSON.parse((await lists(at, 'stats', '--json')).stdout);
  assert.equal(told.lists[0].hits, 4);
});

flow({ it: null }, 'a list that is gone: the rules made last do, if there are any', async (s) => {
  const at = site({ ads: '||ads.test^\n' });
  const list = path.join(at.dir, 'ads.txt');
  assert.equal((await lists(at, 'compile')).code, 0);
  fs.rmSync(list);
  const check = await runPared(['check', '-c', at.conf]);
  assert.equal(check.code, 1);
  for (const part of ['ads', list, 'No such file', 'enabled = false']) {
    assert.ok(check.stderr.includes(part), check.stderr);
  }
  const pared = await Pared.start({}, { extra: at.extra });
  s.proxy = pared;
  try {
    assert.match(pared.stderr, /ads\.txt.*\n.*made last stay in force/);
    const client = await pared.client();
    const answered = await client.ask('http://ads.test/x.gif', ['Referer: http://news.test/']);
    assert.ok(answered.fields.has('x-pared-blocked') || answered.status !== 502, `${answered.status}`);
    client.close();
  } finally {
    s.proxy = null;
    await pared.stop();
  }
  fs.rmSync(at.rules);
  fs.rmSync(`${at.rules}.old`, { force: true });
  const none = await runPared(['run', '-c', at.conf]);
  assert.equal(none.code, 1);
  assert.ok(none.stderr.includes(list), none.stderr);
  const compile = await lists(at, 'compile');
  assert.equal(compile.code, 1);
  assert.doesNotMatch(compile.stderr, /before/);
});
