// Goal: nobody uses the proxy but those whom OnlyFrom and AuthMode name; what
// a client says about its address counts for nothing.

import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { get } from '../support/client.mjs';
import { Pared, runPared, tempDir } from '../support/pared.mjs';
import { assert, eventually, flow } from '../support/flow.mjs';

const only = { it: null };
const auth = { it: null };
const few = { it: null };
const dir = tempDir();
// "third", which takes a thread to find out (crypt(5), 5,000 rounds).
const HASHED = '$6$rounds=5000$abcdefgh$g6sGSi1oGleXYogH0nVIxK/OxFgYKjlMVqrbShH/odJdH7vmKzcxh.YZgIACrH05zlClMQt5hK47VD6APpbVS.';
const basic = (text) => `Proxy-Authorization: Basic ${Buffer.from(text).toString('base64')}`;

before(async () => {
  only.it = await Pared.start({ OnlyFrom: ['127.0.0.2', '127.0.0.16/28', '127.0.1.5-127.0.1.7'] },
    { from: '127.0.0.2' });
  const passwords = path.join(dir, 'passwd');
  fs.writeFileSync(passwords, `anna:secret\nbert:two:colons\ncora:${HASHED}\n`);
  fs.chmodSync(passwords, 0o600);
  auth.it = await Pared.start({ AuthMode: 1, AuthPasswdFile: passwords });
  few.it = await Pared.start({ MaxActiveUserConnections: 8, Workers: 1 });
});
after(async () => {
  await Promise.all([only.it?.stop(), auth.it?.stop(), few.it?.stop()]);
  fs.rmSync(dir, { recursive: true, force: true });
});

// Whether a client from there is served; nothing of a stranger's is read.
async function servedFrom(s, origin, from, fields = []) {
  let client;
  try {
    client = await s.client({ from });
  } catch {
    return false;
  }
  await client.send(get(`${origin.url}/`, fields));
  let response;
  try {
    response = await client.response();
  } catch (err) {
    assert.equal(err.name, 'Cut');
  }
  if (response) {
    assert.ok([200, 403].includes(response.status), `${response.status}`);
  }
  return response?.status === 200;
}

flow(only, 'OnlyFrom: single addresses, prefixes and ranges', async (s) => {
  const origin = await s.origin();
  for (const [from, yes] of [
    ['127.0.0.2', true], ['127.0.0.16', true], ['127.0.0.31', true], ['127.0.1.5', true],
    ['127.0.1.6', true], ['127.0.1.7', true],
    ['127.0.0.1', false], ['127.0.0.3', false], ['127.0.0.15', false], ['127.0.0.32', false],
    ['127.0.1.4', false], ['127.0.1.8', false], ['127.1.0.2', false],
  ]) {
    assert.equal(await servedFrom(s, origin, from), yes, from);
  }
});

flow(only, 'a stranger gets nothing: no portal, no PAC, no tunnel', async (s) => {
  const origin = await s.origin();
  for (const bytes of [
    'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 'GET /proxy.pac HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    'GET http://pared.internal/ HTTP/1.1\r\nHost: pared.internal\r\n\r\n',
    `CONNECT ${origin.authority} HTTP/1.1\r\nHost: ${origin.authority}\r\n\r\n`,
  ]) {
    const client = await s.client({ from: '127.0.0.9' });
    await client.send(bytes);
    await client.ended();
    const got = (await client.linger(0)).toString('latin1');
    assert.ok(got === '' || got.startsWith('HTTP/1.1 403 '), got);
  }
  assert.equal(origin.connections, 0);
});

flow(only, 'what a client says about its address counts for nothing', async (s) => {
  const origin = await s.origin();
  for (const fields of [
    ['X-Forwarded-For: 127.0.0.2'], ['Forwarded: for=127.0.0.2'], ['X-Real-IP: 127.0.0.2'],
    ['Client-IP: 127.0.0.2'], ['True-Client-IP: 127.0.0.2'], ['Via: 1.1 127.0.0.2'],
    ['X-Client-IP: 127.0.0.2', 'X-Originating-IP: 127.0.0.2', 'CF-Connecting-IP: 127.0.0.2'],
  ]) {
    assert.equal(await servedFrom(s, origin, '127.0.0.1', fields), false, fields[0]);
  }
  const client = await s.client({ from: '127.0.0.1' });
  await client.send('PROXY TCP4 127.0.0.2 127.0.0.1 1000 8080\r\n', get(`${origin.url}/`));
  await client.ended();
  assert.equal(origin.connections, 0);
});

flow(auth, 'without credentials 407, with a challenge, and nothing is forwarded', async (s) => {
  const origin = await s.origin();
  for (const fields of [
    [], ['Authorization: Basic YW5uYTpzZWNyZXQ='], ['Proxy-Authorization:'],
    ['Proxy-Authorization: Basic'], ['Proxy-Authorization: Basic !!!!'],
    ['Proxy-Authorization: Bearer YW5uYTpzZWNyZXQ='], ['Proxy-Authorization: Digest username="anna"'],
    ['Proxy-Authorization: YW5uYTpzZWNyZXQ='], [basic('anna')], [basic(':')], [basic('anna:')],
    [basic('anna:wrong')], [basic('anna:Secret')], [basic('anna:secret ')], [basic('nobody:secret')],
    [basic('anna:secret\0x')], [basic('bert:two')], [basic('a'.repeat(20000))],
    [`Proxy-Authorization: Basic ${Buffer.from('anna:secret').toString('base64')}junk!`],
  ]) {
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`, fields);
    assert.equal(response?.status, 407, fields[0] ?? 'none');
    assert.match(response.get('proxy-authenticate') ?? '', /^Basic realm="/i);
    assert.ok(!response.fields.has('www-authenticate'));
    client.close();
  }
  for (const fields of [[], [basic('anna:wrong')]]) {
    const client = await s.client();
    const tunnel = await client.connectTo('127.0.0.1:443', fields);
    assert.equal(tunnel.status, 407);
  }
  assert.equal(origin.connections, 0);
});

flow(auth, 'two credentials are ambiguous', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`, [basic('anna:wrong'), basic('anna:secret')]);
  assert.ok([400, 407].includes(response.status), `${response.status}`);
  assert.equal(origin.connections, 0);
});

flow(auth, 'with credentials 200, and the origin never sees them', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  for (const credentials of ['anna:secret', 'bert:two:colons']) {
    const response = await client.ask(`${origin.url}/`,
      [basic(credentials), 'Authorization: Basic b3JpZ2luOng=']);
    assert.equal(response.status, 200, credentials);
  }
  // "basic" in any case; asked again on the same connection.
  const lower = await client.ask(`${origin.url}/`,
    [basic('anna:secret').replace('Basic', 'bAsIc')]);
  assert.equal(lower.status, 200);
  // Each request stands alone.
  assert.equal((await client.ask(`${origin.url}/`)).status, 407);
  for (const request of origin.requests) {
    assert.ok(!request.fields.has('proxy-authorization'));
  }
  assert.equal(origin.requests[0].get('authorization'), 'Basic b3JpZ2luOng=');
});

flow(auth, 'after 407 to a request with content the connection is in step', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const inner = `GET ${origin.url}/hidden-request HTTP/1.1\r\nHost: a\r\n${basic('anna:secret')}\r\n\r\n`;
  await client.send(get(`${origin.url}/`, [], { method: 'POST', body: inner }));
  assert.equal((await client.response()).status, 407);
  await client.send(get(`${origin.url}/next`, [basic('anna:secret')]));
  let again = null;
  try {
    again = await client.response();
  } catch (err) {
    assert.equal(err.name, 'Cut');
  }
  assert.ok(again === null || again.status === 200, `${again?.status}`);
});

flow(auth, 'an origin\'s own 407 does not reach the client as ours', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.request();
    await c.send('HTTP/1.1 200 OK\r\nProxy-Authenticate: Basic realm="evil"\r\n' +
      'Proxy-Authentication-Info: x\r\nContent-Length: 0\r\n\r\n');
  });
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`, [basic('anna:secret')]);
  assert.ok(!response.fields.has('proxy-authenticate'));
});

flow(auth, 'a guesser holds up nobody else', async (s) => {
  const origin = await s.origin();
  const guessers = Array.from({ length: 20 }, async (_, i) => {
    const client = await s.client({ from: '127.0.0.7' });
    for (let k = 0; k < 5; k += 1) {
      const response = await client.ask(`${origin.url}/`, [basic(`anna:${i}-${k}`)]);
      if (!response) {
        break;
      }
      assert.ok([407, 429].includes(response.status));
    }
  });
  const client = await s.client({ from: '127.0.0.8' });
  assert.equal((await client.ask(`${origin.url}/`, [basic('anna:secret')])).status, 200);
  await Promise.all(guessers);
});

flow(few, 'MaxActiveUserConnections: the rest wait or are turned away, none hang for ever', async (s) => {
  const origin = await s.origin();
  const held = [];
  for (let i = 0; i < 8; i += 1) {
    const client = await s.client();
    assert.equal((await client.ask(`${origin.url}/`)).status, 200);
    held.push(client);
  }
  const extra = await s.client();
  await extra.send(get(`${origin.url}/`));
  const early = await extra.linger(500);
  assert.ok(!early.toString('latin1').startsWith('HTTP/1.1 200'), 'a ninth was served');
  held.forEach((c) => c.close());
  const later = await s.client();
  let ok = false;
  for (let i = 0; i < 50 && !ok; i += 1) {
    const client = await s.client();
    await client.send(get(`${origin.url}/`));
    await client.endsWithin(100);
    ok = (await client.linger(50)).toString('latin1').startsWith('HTTP/1.1 200');
    client.close();
  }
  later.close();
  assert.ok(ok, 'nobody is served after room was made');
});

flow(few, 'MaxActiveUserConnections: a tunnel is a connection, too', async (s) => {
  const origin = await s.origin();
  const held = [];
  for (let i = 0; i < 8; i += 1) {
    const client = await s.client();
    assert.equal((await client.connectTo(origin.authority))?.status, 200, `tunnel ${i}`);
    held.push(client);
  }
  assert.equal((await (await s.client()).response())?.status, 503);
  held.forEach((c) => c.close());
  await eventually(async () => {
    const client = await s.client();
    await client.send(get(`${origin.url}/`));
    return (await client.linger(50)).toString('latin1').startsWith('HTTP/1.1 200');
  }, 'room to be made');
});

// An open proxy on the whole network is refused, not warned about.
flow({ it: null }, 'listening on every address asks for OnlyFrom or a password', async () => {
  const file = path.join(dir, 'open.conf');
  fs.writeFileSync(file, 'Port = 18080\nAddress = "0.0.0.0"\n');
  const { code, stderr } = await runPared(['check', '-c', file]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /OnlyFrom/);
});

// The request waits for the password to be hashed, and is looked at again.
flow(auth, 'Max-Forwards is counted once, though a password took its time', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`,
    [basic('cora:third'), 'Max-Forwards: 2'], { method: 'OPTIONS' });
  assert.equal(response.status, 200);
  assert.equal(origin.requests.length, 1);
  assert.equal(origin.requests[0].get('max-forwards'), '1');
});
