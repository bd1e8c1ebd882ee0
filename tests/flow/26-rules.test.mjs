// Goal: rules of browsers' blockers do in the proxy what their authors mean:
// block by type and party, redirect, clean parameters, add and remove fields;
// and people may switch them off for a site, a device, a while.

import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Dns } from '../support/dns.mjs';
import { Pared, runPared, tempDir } from '../support/pared.mjs';
import { answer } from '../support/origin.mjs';
import { look } from '../support/images.mjs';
import { assert, eventually, flow } from '../support/flow.mjs';

const dir = tempDir();
const lists = path.join(dir, 'lists');
const shared = { it: null };
const dns = { it: null };
const write = (name, text) => {
  const file = path.join(dir, name);
  fs.writeFileSync(file, text);
  return file;
};

const main = () => write('main.txt', `[Adblock Plus 2.0]
! Title: a list of the tests
||ads.test^
||third.test^$third-party
||img.test^$image
@@||ads.test^*/fine/$script
||ads.test^*/fine/never$important
/banner/*/ad.$image,domain=page.test|~good.page.test
||lib.test/analytics.js$script,redirect=noop.js
||site.test^$removeparam=utm_source
||site.test^$removeparam=/^ref_/
||skip.test^*/out?$urlskip=?to
||page.test^$csp=script-src 'none'
||page.test^$permissions=camera=()
||page.test^*/tracked$removeheader=refresh
||page.test^*/headed$xmlhttprequest,header=x-ad:yes
||lan.test^$ipaddress=127.0.0.1
/evil-[0-9]{3,}\\.js/$script
||kids.test^
0.0.0.0 line-of-hosts.test
||window.test^$popup
page.test##.banner
`);

before(async () => {
  dns.it = await Dns.start();
  for (const name of ['ads.test', 'third.test', 'img.test', 'lib.test', 'site.test', 'skip.test', 'page.test',
    'lan.test', 'kids.test', 'off.test', 'window.test', 'plain.test', 'good.page.test']) {
    dns.it.set(name, { A: ['127.0.0.1'] });
  }
  fs.mkdirSync(lists);
  shared.it = await Pared.start({
    Nameservers: [dns.it.address],
    AccessLog: path.join(dir, 'access.log'),
    AccessLogFormat: 'json',
  }, { dir, extra: `lists {
  directory = "${lists}"
  update = "off"
  source main { url = "file:${main()}" }
  source kids { url = "file:${write('kids.txt', '||games.test^\n')}" default = false }
  policy children { clients = {"127.0.0.5"} lists = {"kids"} allow = no }
}
site "*.off.test" { lists = "off" }
` });
});
after(async () => {
  await shared.it?.stop();
  await dns.it?.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

const from = (page) => [`Referer: http://${page}/`];
const blocked = (r) => r.get('x-pared-why') !== undefined && r.get('x-pared-why') !== null;

// Asks for a URL of a host that leads to an origin of the test.
async function through(s, url, fields = [], options = {}, serve = undefined) {
  const origin = await s.origin(serve);
  const client = await s.client(options.from ? { from: options.from } : undefined);
  const response = await client.ask(url.replace('.test/', `.test:${origin.port}/`), fields, options);
  return { response, origin };
}

for (const [name, url, fields, want] of [
  ['a host', 'http://ads.test/x.js', [], true],
  ['what is below it', 'http://a.b.ads.test/x.js', [], true],
  ['an exception', 'http://ads.test/fine/x.js', [], false],
  ['an important rule over an exception', 'http://ads.test/fine/never.js', [], true],
  ['a third party', 'http://third.test/x.js', from('page.test'), true],
  ['the same as its own', 'http://third.test/x.js', from('www.third.test'), false],
  ['a program, which has no page', 'http://third.test/x.js', ['User-Agent: curl/8.0'], false],
  ['an image of that host', 'http://img.test/x.png', from('page.test'), true],
  ['a script of that host', 'http://img.test/x.js', from('page.test'), false],
  ['a pattern on that page', 'http://plain.test/banner/1/ad.png', from('www.page.test'), true],
  ['a pattern on a page left out', 'http://plain.test/banner/1/ad.png', from('good.page.test'), false],
  ['a pattern on another page', 'http://plain.test/banner/1/ad.png', from('other.test'), false],
  ['a regular expression', 'http://plain.test/evil-123.js', from('page.test'), true],
  ['not that regular expression', 'http://plain.test/evil-12.js', from('page.test'), false],
  ['a line of a hosts file', 'http://line-of-hosts.test/', [], true],
  ['popup windows alone', 'http://window.test/', [], false],
]) {
  flow(shared, `${want ? 'blocked' : 'passed'}: ${name}`, async (s) => {
    if (want) {
      const response = await (await s.client()).ask(url, fields);
      assert.ok(blocked(response), `${response.status}`);
    } else {
      const { response } = await through(s, url, fields);
      assert.equal(response.text, 'ok');
    }
  });
}

flow(shared, 'CONNECT is judged by its host', async (s) => {
  assert.equal((await (await s.client()).connectTo('x.ads.test:443')).status, 403);
  const origin = await s.origin();
  assert.equal((await (await s.client()).connectTo(`third.test:${origin.port}`)).status, 200,
    'a rule for third parties says nothing about a bare host');
});

flow(shared, 'a redirect names what is sent instead', async (s) => {
  const response = await (await s.client()).ask('http://lib.test/analytics.js', from('page.test'));
  assert.equal(response.status, 200);
  assert.match(response.get('content-type'), /javascript/);
  assert.match(response.get('x-pared-why'), /main/);
});

flow(shared, 'a page is sent on to its URL without the parameter', async (s) => {
  const { response } = await through(s, 'http://site.test/a?utm_source=x&q=1&ref_a=2#no'.replace('#no', ''),
    ['Sec-Fetch-Dest: document']);
  assert.equal(response.status, 307);
  assert.match(response.get('location'), /^http:\/\/site\.test:\d+\/a\?q=1$/);
});

flow(shared, 'a part of a page is asked for without the parameter', async (s) => {
  const { response, origin } = await through(s, 'http://site.test/a.js?utm_source=x&q=1', from('site.test'));
  assert.equal(response.text, 'ok');
  assert.deepEqual(origin.requests.map((r) => r.target), ['/a.js?q=1']);
  const post = await through(s, 'http://site.test/a?utm_source=x', from('site.test'), { method: 'POST', body: 'x' });
  assert.deepEqual(post.origin.requests.map((r) => r.target), ['/a?utm_source=x']);
});

flow(shared, 'a page that only sends on is skipped', async (s) => {
  const { response } = await through(s,
    'http://skip.test/out?to=https%3A%2F%2Fgoal.test%2Fx%3Fy&id=1', ['Sec-Fetch-Dest: document']);
  assert.equal(response.status, 307);
  assert.equal(response.get('location'), 'https://goal.test/x?y');
});

const fieldsOf = (...fields) => async (c) => {
  while (await c.request()) {
    await c.send(answer('ok', { fields }));
  }
};

flow(shared, 'csp and permissions are added to pages, removeheader takes away', async (s) => {
  const page = ['Sec-Fetch-Dest: document'];
  const { response } = await through(s, 'http://page.test/', page, {},
    fieldsOf("Content-Security-Policy: img-src 'self'"));
  assert.equal(response.status, 200);
  const policies = response.fields.all('content-security-policy');
  assert.ok(policies.includes("script-src 'none'"), policies.join(' / '));
  assert.ok(policies.includes("img-src 'self'"), 'the origin\'s own stays');
  assert.equal(response.get('permissions-policy'), 'camera=()');
  const tracked = await through(s, 'http://page.test/tracked', page, {}, fieldsOf('Refresh: 5'));
  assert.ok(!tracked.response.get('refresh'));
  const image = await through(s, 'http://page.test/x.png', [], {}, fieldsOf());
  assert.ok(!image.response.get('content-security-policy'), 'a picture has no scripts');
});

flow(shared, 'a rule on a field of the response blocks when it is there', async (s) => {
  const xhr = ['Accept: application/json', ...from('page.test')];
  const bad = await through(s, 'http://page.test/headed', xhr, {}, fieldsOf('X-Ad: yes'));
  assert.ok(blocked(bad.response));
  const good = await through(s, 'http://page.test/headed', xhr, {}, fieldsOf('X-Ad: no'));
  assert.equal(good.response.text, 'ok');
});

flow(shared, 'a rule on the address blocks before anything is sent', async (s) => {
  const { response, origin } = await through(s, 'http://lan.test/x.js', from('page.test'));
  assert.ok(blocked(response));
  assert.equal(origin.requests.length, 0);
});

flow(shared, 'a site is switched off with all that its pages ask for', async (s) => {
  const { response } = await through(s, 'http://img.test/x.png', from('www.off.test'));
  assert.equal(response.text, 'ok');
});

flow(shared, 'a policy says which lists a device has', async (s) => {
  const child = { from: '127.0.0.5' };
  const { response } = await through(s, 'http://kids.test/', [], child);
  assert.equal(response.text, 'ok', 'the list of everyone is not theirs');
  assert.ok(blocked(await (await s.client(child)).ask('http://games.test/x.js')));
  assert.ok(blocked(await (await s.client()).ask('http://kids.test/x.js')));
});

flow(shared, 'a device whose policy says so lets nothing through', async (s) => {
  const ask = async (options, url) => (await s.client(options))
    .ask(`http://pared.internal/why?url=${encodeURIComponent(url)}`);
  const theirs = await ask({ from: '127.0.0.5' }, 'http://games.test/x.js');
  assert.match(theirs.text, /kids:1/);
  assert.ok(!theirs.text.includes('name="minutes"'), 'no form for them');
  const others = await ask({}, 'http://ads.test/x.js');
  assert.ok(others.text.includes('name="minutes"'), 'a form for others');
});

flow(shared, 'what is allowed for a while passes, for that device', async (s) => {
  const conf = path.join(dir, 'allow.conf');
  fs.writeFileSync(conf, `lists { directory = "${lists}" }\n`);
  const { code, stderr } = await runPared(['allow', '-c', conf, '--minutes', '5', '--device', '127.0.0.1', 'ads.test']);
  assert.equal(code, 0, stderr);
  await eventually(async () => {
    const { response } = await through(s, 'http://ads.test/x.js');
    return response.text === 'ok';
  }, 'the host is let through');
  assert.ok(blocked(await (await s.client({ from: '127.0.0.9' })).ask('http://ads.test/x.js')));
  assert.equal((await runPared(['allow', '-c', conf, '--end', 'ads.test'])).code, 0);
  await eventually(async () => blocked(await (await s.client()).ask('http://ads.test/x.js')), 'blocked again');
});

flow(shared, 'the log names list and rule', async (s) => {
  await (await s.client()).ask('http://ads.test/logged.js');
  await eventually(() => fs.readFileSync(path.join(dir, 'access.log'), 'utf8')
    .split('\n').filter((l) => l.includes('logged.js')).some((l) => {
      const line = JSON.parse(l);
      return line.verdict === 'block' && line.list === 'main' && line.rule === '||ads.test^';
    }), 'the line of the blocked script');
});

flow(shared, 'the rule file is kept, and a list that breaks leaves it in force', async (s) => {
  const rules = path.join(lists, 'rules.pared');
  assert.ok(fs.existsSync(rules));
  fs.writeFileSync(path.join(dir, 'main.txt'), '<!DOCTYPE html><html><h1>404</h1></html>\n');
  try {
    shared.it.signal('SIGHUP');
    await shared.it.wrote(/rules that were made last stay in force/);
    assert.ok(blocked(await (await s.client()).ask('http://ads.test/x.js')));
  } finally {
    main();
    shared.it.signal('SIGHUP');
  }
});
