// Goal: whoever asks why gets every rule, the one that decides, and what is
// sent, by command and by portal; and may let a host pass for a while.

import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Dns } from '../support/dns.mjs';
import { Pared, configText, runPared, tempDir } from '../support/pared.mjs';
import { assert, eventually, flow } from '../support/flow.mjs';

const dir = tempDir();
const shared = { it: null };
const dns = { it: null };
const write = (name, text) => {
  const file = path.join(dir, name);
  fs.writeFileSync(file, text);
  return file;
};
const LIST = `! Title: A list
||ads.test^
||ads.test^$script,third-party
@@||good.ads.test^
/banner/*$image
/\u001b[31m/evil
||shop.test^$removeparam=utm_source
||video.test/ad.js$script,redirect=noopjs
||page.test^$csp=script-src 'none'
`;
let conf;

before(async () => {
  dns.it = await Dns.start();
  dns.it.set('ads.test', { A: ['127.0.0.1'] });
  const list = write('list.txt', LIST);
  const extra = `lists {\n directory = "${dir}"\n update = "off"\n source a { url = "file:${list}" }\n}\n`;
  conf = write('why.conf', configText({ Port: 18080 }, extra));
  shared.it = await Pared.start({ Nameservers: [dns.it.address] }, { extra });
});
after(async () => {
  await shared.it?.stop();
  await dns.it?.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

async function why(...args) {
  const out = await runPared(['why', '-c', conf, ...args]);
  assert.equal(out.code, 0, out.stderr);
  return out.stdout;
}
const whyJson = async (...args) => JSON.parse(await why('--json', ...args));

flow({ it: null }, 'every rule that matches, and the winner', async () => {
  const text = await why('--source', 'http://news.test/', 'http://ads.test/x.js');
  assert.match(text, /^  winner +a \(list\.txt:2\)  \|\|ads\.test\^$/m);
  assert.match(text, /\|\|ads\.test\^\n/);
  assert.match(text, /\|\|ads\.test\^\$script,third-party\n/);
  assert.match(text, /^Blocked by a/m);
  assert.match(text, /^The client gets an empty script\.$/m);
});

flow({ it: null }, 'exceptions, types and pages', async () => {
  assert.match(await why('http://good.ads.test/x.gif'), /^Passes: the exception /m);
  assert.match(await why('http://x.test/'), /^Passes: no rule matches\.$/m);
  assert.match(await why('--type', 'image', '--source', 'z.test', 'http://x.test/banner/1'), /^Blocked/m);
  assert.match(await why('--type', 'script', '--source', 'z.test', 'http://x.test/banner/1'), /^Passes/m);
  assert.match(await why('http://x.test/banner/1.png'), /page +not told/);
});

flow({ it: null }, 'as JSON', async () => {
  const got = await whyJson('--source', 'http://news.test/', 'http://video.test/ad.js');
  assert.equal(got.blocked, true);
  assert.equal(got.verdict, 'block');
  assert.equal(got.type, 'script');
  assert.equal(got.source, 'news.test');
  assert.equal(got.resource, 'noop.js');
  assert.equal(got.rule.line, 8);
  assert.ok(got.rules.some((r) => r.role === 'winner' && r.text === '||video.test/ad.js$script,redirect=noopjs'));
  const cleaned = await whyJson('http://shop.test/?utm_source=x&id=1');
  assert.equal(cleaned.verdict, 'redirect');
  assert.equal(cleaned.location, 'http://shop.test/?id=1');
  const page = await whyJson('http://page.test/');
  assert.equal(page.blocked, false);
  assert.deepEqual(page.changes.map((c) => [c.action, c.value]), [['csp', "script-src 'none'"]]);
});

flow({ it: null }, 'https: the request and the tunnel', async () => {
  const host = await whyJson('https://ads.test/x');
  assert.deepEqual(host.tunnel, { verdict: 'block', list: 'a', line: 2, rule: '||ads.test^' });
  assert.equal(host.verdict, 'pass');
  assert.equal(host.blocked, true);
  assert.match(host.sentence, /^The tunnel to ads\.test is refused by a \(list\.txt:2\) \|\|ads\.test\^\.$/);
  assert.ok(host.rules.some((r) => r.tunnel && r.role === 'winner' && r.text === '||ads.test^'));
  const text = await why('https://ads.test/');
  assert.match(text, /^  winner +a \(list\.txt:2\)  \|\|ads\.test\^  \(of the tunnel\)$/m);
  assert.match(text, /^The tunnel to ads\.test is refused by a/m);
  assert.match(await why('http://ads.test/'), /strict-document changes that\.$/m);
  const deep = await whyJson('--type', 'image', '--source', 'z.test', 'https://x.test/banner/1');
  assert.equal(deep.verdict, 'block');
  assert.deepEqual(deep.tunnel, { verdict: 'pass' });
});

flow({ it: null }, '--list needs no configuration and leaves no file', async () => {
  const before = fs.readdirSync(dir).sort();
  const list = write('one.txt', '||only.test^\n');
  const { code, stdout, stderr } = await runPared(['why', '--list', list, 'http://only.test/x.png'], { dir });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Blocked by one:1\.$/m);
  assert.deepEqual(fs.readdirSync(dir).sort(), [...before, 'one.txt'].sort());
});

flow({ it: null }, 'a list cannot talk to the terminal', async () => {
  const { stdout } = await runPared(['why', '--list', path.join(dir, 'list.txt'), '--type', 'image',
    'http://x.test/%1b[31m/evil']);
  assert.ok(!stdout.includes('\u001b'));
});

flow({ it: null }, 'what is not understood is told, with status 2', async () => {
  for (const args of [[], ['a', 'b'], ['ftp://x.test/'], ['http://'], ['--type', 'picture', 'http://x.test/'],
    ['--device', 'phone', 'http://x.test/'], ['--wrong', 'http://x.test/']]) {
    const { code, stdout, stderr } = await runPared(['why', '-c', conf, ...args]);
    assert.equal(code, 2, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, /pared|usage/);
  }
  assert.equal((await runPared(['why', '--list', '/nowhere/x', 'http://x.test/'])).code, 1);
  assert.equal((await runPared(['why', '-h'])).code, 0);
});

// ---- the portal ----

const portal = (client, target, fields = [], options = {}) =>
  client.ask(`http://pared.internal${target}`, fields, options);

flow(shared, '/why tells it to a browser, without scripts', async (s) => {
  const client = await s.client();
  const page = await portal(client, '/why?url=http%3A%2F%2Fads.test%2Fx.gif', ['Accept: text/html']);
  assert.equal(page.status, 200);
  assert.match(page.text, /Blocked by a/);
  assert.match(page.text, /\|\|ads\.test\^/);
  assert.ok(!/<script/i.test(page.text));
  assert.match(page.get('content-security-policy'), /form-action 'self'/);
  assert.match(page.get('cache-control'), /no-store/);
  const https = await portal(client, '/why?url=https%3A%2F%2Fads.test%2F', ['Accept: text/html']);
  assert.match(https.text, /<section class="state">\n<h1>The tunnel to ads\.test is refused by a/);
  assert.match(https.text, /winner, of the tunnel<\/td>/);
  const json = await portal(client, '/why.json?url=http%3A%2F%2Fads.test%2Fx.gif');
  assert.equal(JSON.parse(json.text).verdict, 'block');
  const accept = await portal(client, '/why?url=ads.test', ['Accept: application/json']);
  assert.equal(JSON.parse(accept.text).host, 'ads.test');
});

flow(shared, '/why escapes what it shows', async (s) => {
  const client = await s.client();
  for (const bad of ['"><b>x', '<i>', "'--><u>", '%00<s>']) {
    const page = await portal(client, `/why?url=${encodeURIComponent(bad)}&source=${encodeURIComponent(bad)}&type=${encodeURIComponent(bad)}`);
    assert.ok(!/<b>x|<i>|<u>|<s>/.test(page.text), bad);
  }
});

flow(shared, 'the block page leads there, and the host passes for a while', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const url = `http://ads.test:${origin.port}/x.gif`;
  assert.equal((await client.ask(url)).get('content-type'), 'image/gif');
  assert.equal(origin.requests.length, 0);

  const page = await portal(client, `/why?url=${encodeURIComponent(url)}`);
  const token = /name="token" value="([0-9a-f]{32})"/.exec(page.text)[1];
  const post = (fields, headers) => client.ask('http://pared.internal/allow',
    ['Content-Type: application/x-www-form-urlencoded', ...headers],
    { method: 'POST', body: new URLSearchParams(fields).toString() });

  // Not from elsewhere, and not without what the page holds.
  for (const [fields, headers] of [
    [{ host: 'ads.test', minutes: '10', token }, ['Origin: http://evil.test']],
    [{ host: 'ads.test', minutes: '10', token }, ['Origin: null']],
    [{ host: 'ads.test', minutes: '10', token }, ['Sec-Fetch-Site: cross-site']],
    [{ host: 'ads.test', minutes: '10' }, ['Origin: http://pared.internal']],
    [{ host: 'ads.test', minutes: '10', token: token.replace(/./g, '0') }, []],
  ]) {
    assert.equal((await post(fields, headers)).status, 403);
  }
  assert.equal((await client.ask(url)).get('content-type'), 'image/gif');
  assert.equal(origin.requests.length, 0);

  const done = await post({ host: 'ads.test', minutes: '10', token, url }, ['Origin: http://pared.internal']);
  assert.equal(done.status, 303);
  assert.equal(done.get('location'), `/why?url=${encodeURIComponent(url)}`);
  assert.equal((await client.ask(url)).text, 'ok');
  assert.equal(origin.requests.length, 1);
  const allowed = await portal(client, `/why?url=${encodeURIComponent(url)}`);
  assert.match(allowed.text, /a person let it through/);
  assert.match(allowed.text, /Allowed for now/);
  assert.match(fs.readFileSync(path.join(dir, 'allow'), 'latin1'), /^\d+ 127\.0\.0\.1 ads\.test$/m);

  assert.equal((await post({ host: 'ads.test', minutes: '0', token }, ['Origin: http://pared.internal'])).status, 303);
  assert.equal((await client.ask(url)).get('content-type'), 'image/gif');
});

flow(shared, 'a form in pieces, chunked, too large, and cut short', async (s) => {
  const client = await s.client();
  const head = (length) => 'POST http://pared.internal/allow HTTP/1.1\r\nHost: pared.internal\r\n' +
    `Content-Type: application/x-www-form-urlencoded\r\n${length}\r\n\r\n`;
  // Pieces are put together: it is the token that is wrong.
  await client.send(head('Content-Length: 20'));
  await client.send('host=ads.te');
  await client.send('st&token=');
  assert.equal((await client.response()).status, 403);
  await client.send(head('Transfer-Encoding: chunked'), '5\r\nhost=\r\n', '0\r\n\r\n');
  assert.equal((await client.response()).status, 403);
  // A kept connection goes on behind it.
  assert.equal((await portal(client, '/healthz')).status, 200);

  const large = await s.client();
  await large.send(head('Content-Length: 100000'), 'a'.repeat(5000));
  assert.equal((await large.response()).status, 413);
  const cut = await s.client();
  await cut.send(head('Content-Length: 100'), 'host=');
  cut.close();
  await eventually(() => shared.it.healthy(), 'health after a form that was cut short');
});

flow(shared, 'asking does not count as a hit', async (s) => {
  const client = await s.client();
  const hits = () => {
    const file = path.join(dir, 'hits');
    return fs.existsSync(file) ? fs.readFileSync(file) : Buffer.alloc(0);
  };
  // Saved with a reload.
  const saved = async () => {
    const had = hits();
    await client.ask('http://ads.test/hit.gif');
    shared.it.signal('SIGHUP');
    await eventually(() => !had.equals(hits()), 'hits to be saved');
    return hits();
  };
  const before = await saved();
  assert.ok(before.length > 0, 'no hits file');
  for (let i = 0; i < 5; i += 1) {
    await portal(client, '/why?url=http%3A%2F%2Fads.test%2Fx.gif');
    await why('http://ads.test/x.gif');
  }
  // One more hit of a rule that had some: that, and nothing else.
  const last = await saved();
  const count = (file) => {
    let n = 0;
    for (let at = 64; at < file.length; at += 16) {
      n += file.readUInt32LE(at + 8);
    }
    return n;
  };
  assert.equal(count(last), count(before) + 1);
});
