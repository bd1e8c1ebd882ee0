// Goal: connectivity checks pass byte for byte: no list, no filter, no coding,
// no password, and no answer is invented when the origin fails.

import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { Dns } from '../support/dns.mjs';
import { Pared, tempDir } from '../support/pared.mjs';
import { get } from '../support/client.mjs';
import { assert, flow } from '../support/flow.mjs';

const dir = tempDir();
const shared = { it: null };
const dns = { it: null };

before(async () => {
  dns.it = await Dns.start();
  dns.it.set('probe.test', { A: ['127.0.0.1'] });
  dns.it.set('other.test', { A: ['127.0.0.1'] });
  const probes = path.join(dir, 'probes');
  fs.writeFileSync(probes, '# checks\nprobe.test/generate_204\nprobe.test/success.txt\nprobe.test/page.html\n');
  const hosts = path.join(dir, 'hosts');
  fs.writeFileSync(hosts, '0.0.0.0 probe.test\n0.0.0.0 other.test\n');
  const passwords = path.join(dir, 'passwd');
  fs.writeFileSync(passwords, 'anna:secret\n');
  shared.it = await Pared.start({
    Nameservers: [dns.it.address], Probes: probes, AuthMode: 1, AuthPasswdFile: passwords,
  }, { extra: `lists { source hosts { url = "file:${hosts}" } }\n` });
});
after(async () => {
  await shared.it?.stop();
  await dns.it?.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

const HTML = '<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>\n';

for (const [name, target, bytes, status, content] of [
  ['204', '/generate_204', 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n', 204, ''],
  ['204 with a length of zero', '/generate_204', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', 204, ''],
  ['a short text', '/success.txt', 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nsuccess\n', 200, 'success\n'],
  ['a page', '/page.html', `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: "s"\r\nContent-Length: ${HTML.length}\r\n\r\n${HTML}`, 200, HTML],
  ['a redirect to a login page', '/generate_204', 'HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\nContent-Length: 0\r\n\r\n', 302, ''],
  ['a login page', '/generate_204', 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nlogin', 200, 'login'],
]) {
  flow(shared, `${name} passes, without a password, though its host is listed`, async (s) => {
    const origin = await s.origin(async (c) => {
      await c.request();
      await c.send(bytes);
    });
    const client = await s.client();
    const response = await client.ask(`http://probe.test:${origin.port}${target}`, ['Accept-Encoding: gzip, br', 'User-Agent: Probe']);
    assert.equal(response.status, status);
    assert.equal(response.text, content);
    assert.ok(!response.fields.has('content-encoding'));
    assert.equal(response.get('location'), status === 302 ? 'http://login.test/' : undefined);
    assert.equal(response.get('vary'), undefined);
    if (name === 'a page') {
      assert.equal(response.get('etag'), '"s"');
    }
    // What the origin hears is what the client said, but for the hop's fields.
    assert.equal(origin.requests[0].get('accept-encoding'), 'gzip, br');
    assert.equal(origin.requests[0].get('user-agent'), 'Probe');
  });
}

flow(shared, 'a query is left aside, other paths are no probes', async (s) => {
  const origin = await s.origin(async (c) => {
    while (await c.request()) {
      await c.send('HTTP/1.1 204 No Content\r\n\r\n');
    }
  });
  const client = await s.client();
  assert.equal((await client.ask(`http://probe.test:${origin.port}/generate_204?x=1`)).status, 204);
  for (const url of [`http://probe.test:${origin.port}/other`, `http://other.test:${origin.port}/success.txt`,
    `http://xprobe.test:${origin.port}/success.txt`]) {
    const other = await s.client();
    const response = await other.ask(url);
    assert.equal(response.status, 407, url);
  }
});

flow(shared, 'a probe is never invented: origin down, silent or broken', async (s) => {
  const dead = await s.origin();
  const { port } = dead;
  await dead.stop();
  const client = await s.client();
  const response = await client.ask(`http://probe.test:${port}/generate_204`);
  assert.ok([502, 504].includes(response.status), `${response.status}`);
  const broken = await s.origin(async (c) => {
    await c.request();
    c.reset();
  });
  const other = await s.client();
  const second = await other.ask(`http://probe.test:${broken.port}/generate_204`);
  assert.ok([502, 504].includes(second.status), `${second.status}`);
});

flow(shared, 'each probe is asked anew', async (s) => {
  const origin = await s.origin(async (c) => {
    while (await c.request()) {
      await c.send('HTTP/1.1 204 No Content\r\nCache-Control: max-age=3600\r\n\r\n');
    }
  });
  const client = await s.client();
  for (let i = 0; i < 3; i += 1) {
    await client.send(get(`http://probe.test:${origin.port}/generate_204`));
    assert.equal((await client.response()).status, 204);
  }
  assert.equal(origin.requests.length, 3);
});
