// Goal: what a list names is answered here by a stand-in of its kind, before
// any connection; everything else passes, and a broken list breaks nothing.

import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Dns } from '../support/dns.mjs';
import { Pared, runPared, tempDir } from '../support/pared.mjs';
import { answer } from '../support/origin.mjs';
import { look } from '../support/images.mjs';
import { assert, flow } from '../support/flow.mjs';

const dir = tempDir();
const shared = { it: null };
const dns = { it: null };
const write = (name, text) => {
  const file = path.join(dir, name);
  fs.writeFileSync(file, text);
  return file;
};

before(async () => {
  dns.it = await Dns.start();
  for (const name of ['good.test', 'good.ads.test', 'notads.test', 'site.test', 'xads.test', 'sub.hostsonly.test']) {
    dns.it.set(name, { A: ['127.0.0.1'] });
  }
  const hosts = write('hosts', '# a hosts file\n127.0.0.1 localhost\n0.0.0.0 ads.test\n' +
    '0.0.0.0 tracker.test other-tracker.test # two\n127.0.0.1\thostsonly.test\r\n:: six.test\n' +
    '0.0.0.0 UPPER.test\nnonsense line here !!\n0.0.0.0 broken..name\n0.0.0.0 198.51.100.7\n');
  const domains = write('domains', '! comment\nbelow.test\n*.star.test\n');
  shared.it = await Pared.start({
    Nameservers: [dns.it.address],
    URLDeny: write('deny', 'http://site.test:*/denied/*\nhttp://site.test/denied/*\nhttp://denied.test/*\n'),
    URLReplaceData: write('replace', 'http://site.test/banner*\nhttp://replaced.test/*\n'),
    URLNoProcessing: write('noprocess', 'http://good.ads.test/*\n'),
  }, { extra: `lists {\n source hosts { url = "file:${hosts}" }\n source domains { url = "${domains}" }\n}\n` });
});
after(async () => {
  await shared.it?.stop();
  await dns.it?.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

for (const host of ['ads.test', 'ADS.test', 'ads.test.', 'tracker.test', 'other-tracker.test', 'hostsonly.test',
  'six.test', 'upper.test', 'below.test', 'a.below.test', 'a.b.below.test', 'a.star.test']) {
  flow(shared, `${host} is blocked, GET and CONNECT`, async (s) => {
    const client = await s.client();
    const response = await client.ask(`http://${host}/x.js`);
    assert.equal(response.status, 200);
    assert.match(response.get('content-type'), /javascript/);
    assert.equal(response.text, '');
    const tunnel = await (await s.client()).connectTo(`${host}:443`);
    assert.equal(tunnel.status, 403);
    assert.equal(dns.it.asked.filter((q) => q.includes(host.toLowerCase().replace(/\.$/, ''))).length, 0,
      'a blocked name was looked up');
  });
}

flow(shared, 'names beside a blocked one pass', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  for (const host of ['notads.test', 'xads.test', 'good.test']) {
    assert.equal((await client.ask(`http://${host}:${origin.port}/ads.test`)).status, 200, host);
  }
});

// Kinds, by Sec-Fetch-Dest, else Accept, else the path.
for (const [name, url, fields, check] of [
  ['an image by its path', 'http://ads.test/a.png', [], (r) => {
    assert.equal(r.get('content-type'), 'image/gif');
    assert.deepEqual(look(r.body), { type: 'image/gif', width: 1, height: 1, animated: false, frames: 1 });
  }],
  ['an image by its destination', 'http://ads.test/x', ['Sec-Fetch-Dest: image'], (r) => {
    assert.equal(look(r.body).type, 'image/gif');
  }],
  ['a script', 'http://ads.test/x', ['Sec-Fetch-Dest: script'], (r) => {
    assert.match(r.get('content-type'), /javascript/);
    assert.equal(r.text, '');
  }],
  ['a style', 'http://ads.test/x', ['Sec-Fetch-Dest: style'], (r) => assert.match(r.get('content-type'), /text\/css/)],
  ['a frame', 'http://ads.test/x', ['Sec-Fetch-Dest: iframe'], (r) => {
    assert.match(r.get('content-type'), /text\/html/);
    assert.ok(!/ads\.test/.test(r.text));
  }],
  ['JSON', 'http://ads.test/x.json', [], (r) => assert.deepEqual(JSON.parse(r.text), {})],
  ['VAST', 'http://ads.test/vast.xml', [], (r) => assert.match(r.text, /<VAST/)],
]) {
  flow(shared, `stand-in for ${name}`, async (s) => {
    const client = await s.client();
    const response = await client.ask(url, fields);
    assert.equal(response.status, 200);
    check(response);
    // The connection goes on, and HEAD says the same without content.
    const head = await client.ask(url, fields, { method: 'HEAD' });
    assert.equal(head.get('content-type'), response.get('content-type'));
    assert.equal(head.get('content-length'), response.get('content-length'));
  });
}

flow(shared, 'a page gets the reason: list, line and rule', async (s) => {
  const client = await s.client();
  const response = await client.ask('http://ads.test/<u>?"x', ['Sec-Fetch-Dest: document', 'Accept: text/html'])
    .catch(() => null);
  const page = response?.status === 403 ? response
    : await (await s.client()).ask('http://ads.test/', ['Sec-Fetch-Dest: document', 'Accept: text/html']);
  assert.equal(page.status, 403);
  assert.match(page.get('content-type'), /^text\/html/);
  assert.match(page.text, /hosts:3/);
  assert.ok(!page.text.includes('<u>'));
});

flow(shared, 'a blocked POST is read to its end', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const response = await client.ask('http://tracker.test/collect', ['Sec-Fetch-Dest: empty'],
    { method: 'POST', body: 'GET http://x.test/ HTTP/1.1\r\nHost: x\r\n\r\n' });
  assert.ok([200, 204].includes(response.status), `${response.status}`);
  if (!response.fields.tokens('connection').includes('close')) {
    assert.equal((await client.ask(`http://good.test:${origin.port}/`)).text, 'ok');
  }
});

flow(shared, 'URLDeny is 403 before any connection', async (s) => {
  const client = await s.client();
  for (const url of ['http://site.test/denied/a', 'http://denied.test/', 'http://denied.test/any/thing?x']) {
    assert.equal((await client.ask(url)).status, 403, url);
  }
  assert.equal(dns.it.asked.filter((q) => q.startsWith('denied.test')).length, 0);
});

flow(shared, 'URLReplaceData is a picture of one pixel', async (s) => {
  const client = await s.client();
  for (const url of ['http://site.test/banner123.jpg', 'http://replaced.test/x']) {
    const response = await client.ask(url);
    assert.equal(response.status, 200, url);
    assert.equal(look(response.body).width, 1);
  }
});

flow(shared, 'URLNoProcessing wins over lists', async (s) => {
  const client = await s.client();
  // good.ads.test is no name of a list; ads.test blocks by hosts exactly.
  const origin = await s.origin(async (c) => {
    while (await c.request()) {
      await c.send(answer('through'));
    }
  });
  const response = await client.ask(`http://good.ads.test:${origin.port}/x`);
  assert.equal(response.status, 200);
  assert.equal(response.text, 'through');
});

flow({ it: null }, 'check tells each broken line with file and number, and passes', async () => {
  const list = write('odd-hosts', '0.0.0.0 fine.test\n0.0.0.0 broken..name\n<html>\n');
  const file = write('odd.conf', `Port = 18080\nlists { source odd { url = "file:${list}" } }\n`);
  const { code, stdout, stderr } = await runPared(['check', '-c', file]);
  assert.equal(code, 0, stderr);
  assert.match(stdout + stderr, /odd-hosts:2/);
});

flow({ it: null }, 'a list that cannot be read is an error that names it', async () => {
  const file = write('gone.conf', 'Port = 18080\nlists { source gone { url = "file:/nowhere/at/all" } }\n');
  const { code, stderr } = await runPared(['check', '-c', file]);
  assert.equal(code, 1);
  assert.match(stderr, /nowhere\/at\/all/);
});
