// Goal: with NextProxy everything goes through the parent, tunnels too, and
// nothing goes past it.

import { after, before } from 'node:test';
import { Origin, answer } from '../support/origin.mjs';
import { Pared, freePort } from '../support/pared.mjs';
import { assert, flow } from '../support/flow.mjs';

const shared = { it: null };
const dead = { it: null };
let parent;
let mode = async (c) => c.send(answer('through the parent'));

before(async () => {
  parent = await Origin.start(async (c) => {
    for (let r = await c.request(); r; r = await c.request()) {
      await mode(c, r);
      if (c.tunnel) {
        return;
      }
    }
  }, { absolute: true });
  shared.it = await Pared.start({
    NextProxy: '127.0.0.1', NextPort: parent.port, AllowPrivate: undefined, RestrictOutPortCONNECT: ['1-65535'],
  });
  dead.it = await Pared.start({ NextProxy: '127.0.0.1', NextPort: await freePort() });
});
after(async () => {
  // First, so that no tunnel is left half-open for TERM to wait for.
  await parent?.stop();
  await Promise.all([shared.it?.stop(), dead.it?.stop()]);
});

// Each scene looks only at what came to the parent since it began.
function since() {
  const n = parent.requests.length;
  return () => parent.requests.slice(n);
}

flow(shared, 'requests go to the parent in absolute-form, names unresolved', async (s) => {
  mode = async (c) => c.send(answer('through the parent'));
  const seen = since();
  const client = await s.client();
  const response = await client.ask('http://no-such-name.test/a?b');
  assert.equal(response.status, 200);
  assert.equal(response.text, 'through the parent');
  const [request] = seen();
  assert.equal(request.target, 'http://no-such-name.test/a?b');
  assert.equal(request.get('host'), 'no-such-name.test');
  assert.match(request.get('via'), /^1\.1 \S+$/);
  assert.deepEqual(parent.faults, []);
});

flow(shared, 'the connection to the parent is used again for other hosts', async (s) => {
  mode = async (c) => c.send(answer('x'));
  const before2 = parent.connections;
  const client = await s.client();
  for (let i = 0; i < 5; i += 1) {
    assert.equal((await client.ask(`http://host-${i}.test/`)).status, 200);
  }
  assert.ok(parent.connections - before2 <= 1, `${parent.connections - before2} connections`);
});

flow(shared, 'our clients\' credentials are not the parent\'s', async (s) => {
  mode = async (c) => c.send(answer('x'));
  const seen = since();
  const client = await s.client();
  await client.ask('http://a.test/', ['Proxy-Authorization: Basic c2VjcmV0', 'Proxy-Connection: keep-alive']);
  assert.ok(!seen()[0].fields.has('proxy-authorization'));
  assert.ok(!seen()[0].fields.has('proxy-connection'));
});

flow(shared, 'CONNECT goes through the parent', async (s) => {
  mode = async (c) => {
    c.tunnel = true;
    c.keep = true;
    await c.send('HTTP/1.1 200 Connection established\r\nX: y\r\n\r\nhello from inside');
    c.socket.pipe(c.socket);
  };
  const seen = since();
  const client = await s.client();
  const response = await client.connectTo('secure.test:443', ['User-Agent: x']);
  assert.equal(response.status, 200);
  assert.equal((await client.take(17)).toString(), 'hello from inside');
  await client.send('ping');
  assert.equal((await client.take(4)).toString(), 'ping');
  assert.equal(seen()[0].method, 'CONNECT');
  assert.equal(seen()[0].target, 'secure.test:443');
  assert.equal(seen()[0].get('host'), 'secure.test:443');
});

for (const [status, want] of [['403 Forbidden', [403, 502]], ['407 Proxy Authentication Required', [502]],
  ['502 Bad Gateway', [502]], ['302 Found', [502]]]) {
  flow(shared, `a parent that answers ${status} to CONNECT opens no tunnel`, async (s) => {
    mode = async (c) => c.send(answer('evil page', { status, fields: ['Location: http://evil.test/', 'Set-Cookie: a=b'] }));
    const client = await s.client();
    const response = await client.connectTo('secure.test:443');
    assert.ok(want.includes(response.status), `${response.status}`);
    assert.ok(!response.fields.has('set-cookie'));
    assert.ok(!response.text.includes('evil page'));
  });
}

flow(shared, 'a parent that talks nonsense to CONNECT is 502', async (s) => {
  for (const bytes of ['nonsense\r\n\r\n', 'HTTP/1.1 2', 'HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n', '']) {
    mode = async (c) => {
      await c.send(bytes);
      c.close();
    };
    const client = await s.client();
    const response = await client.connectTo('secure.test:443');
    assert.equal(response.status, 502, JSON.stringify(bytes));
  }
});

flow(shared, 'a 200 with framing fields to CONNECT is a tunnel all the same', async (s) => {
  mode = async (c) => {
    c.tunnel = true;
    c.keep = true;
    await c.send('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabcdef');
  };
  const client = await s.client();
  const response = await client.connectTo('secure.test:443');
  assert.ok([200, 502].includes(response.status));
  if (response.status === 200) {
    assert.equal((await client.take(6)).toString(), 'abcdef');
  }
});

flow(shared, 'OPTIONS and HEAD through the parent', async (s) => {
  mode = async (c, r) => c.send(r.method === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n' : answer('x'));
  const seen = since();
  const client = await s.client();
  assert.equal((await client.ask('http://a.test/', [], { method: 'HEAD' })).get('content-length'), '5');
  assert.equal((await client.ask('http://a.test', [], { method: 'OPTIONS' })).status, 200);
  // RFC 9112, 3.2.4: only the last proxy makes "*" of it.
  assert.ok(/^http:\/\/a\.test\/?$/.test(seen()[1].target), seen()[1].target);
});

flow(dead, 'a parent that is away is 502, and nothing goes past it', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`);
  assert.equal(response.status, 502);
  const tunnel = await (await s.client()).connectTo(`127.0.0.1:${origin.port}`);
  assert.equal(tunnel.status, 502);
  assert.equal(origin.connections, 0);
});

flow(shared, 'private addresses are refused before the parent hears of them', async (s) => {
  mode = async (c) => c.send(answer('x'));
  const seen = since();
  for (const host of ['127.0.0.1', '169.254.169.254', '10.0.0.1', '[::1]', '[fd00::1]', '[::ffff:127.0.0.1]', '2130706433']) {
    const client = await s.client();
    await client.send(`GET http://${host}:8000/ HTTP/1.1\r\nHost: ${host}:8000\r\n\r\n`);
    const response = await client.response();
    assert.ok([400, 403].includes(response.status), `${host}: ${response.status}`);
  }
  assert.equal(seen().length, 0);
});
