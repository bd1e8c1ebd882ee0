// Goal: CONNECT opens a tunnel for bytes and nothing else (RFC 9110, 9.3.6):
// ports by rule, no framing in the answer, both directions to their own end.

import { randomBytes } from 'node:crypto';
import { Pared } from '../support/pared.mjs';
import { answer } from '../support/origin.mjs';
import { after, before } from 'node:test';
import { assert, eventually, flow, sharedProxy } from '../support/flow.mjs';

const shared = sharedProxy({ RestrictOutPortCONNECT: ['1-65535'] });
const strict = sharedProxy();
const echo = async (c) => {
  c.socket.pipe(c.socket);
  c.keep = true;
};

flow(shared, 'a tunnel is opened, without framing fields, and echoes', async (s) => {
  const origin = await s.origin(echo);
  const client = await s.client();
  const response = await client.connectTo(origin.authority);
  assert.equal(response.status, 200);
  for (const name of ['content-length', 'transfer-encoding', 'content-type']) {
    assert.ok(!response.fields.has(name), name);
  }
  await client.send('hello \0 \xff');
  assert.equal((await client.take(9)).toString('latin1'), 'hello \0 \xff');
  client.half();
  assert.equal(await client.ended(), 'eof');
});

flow(shared, 'a 1.0 client gets its tunnel', async (s) => {
  const origin = await s.origin(echo);
  const client = await s.client();
  await client.send(`CONNECT ${origin.authority} HTTP/1.0\r\n\r\n`);
  assert.equal((await client.response({ method: 'CONNECT', sent: '1.0' })).status, 200);
  await client.send('x');
  assert.equal((await client.take(1)).toString(), 'x');
});

flow(shared, 'bytes sent with the CONNECT reach the origin, in order', async (s) => {
  const origin = await s.origin(echo);
  const client = await s.client();
  const response = await client.connectTo(origin.authority, [], 'early bytes ');
  assert.equal(response.status, 200);
  await client.send('late bytes');
  assert.equal((await client.take(22)).toString(), 'early bytes late bytes');
});

flow(shared, 'a CONNECT that comes byte by byte', async (s) => {
  const origin = await s.origin(echo);
  const client = await s.client();
  await client.trickle(`CONNECT ${origin.authority} HTTP/1.1\r\nHost: ${origin.authority}\r\n\r\nabc`);
  assert.equal((await client.response({ method: 'CONNECT' })).status, 200);
  assert.equal((await client.take(3)).toString(), 'abc');
});

flow(shared, 'the origin speaks first', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.send('220 hello\r\n');
    await c.line();
    await c.send('bye');
  });
  const client = await s.client();
  assert.equal((await client.connectTo(origin.authority)).status, 200);
  assert.equal(await client.line(), '220 hello\r\n');
  await client.send('QUIT\n');
  assert.equal((await client.take(3)).toString(), 'bye');
  assert.equal(await client.ended(), 'eof');
});

flow(shared, 'a megabyte both ways at once is exact', async (s) => {
  const up = randomBytes(1 << 20);
  const down = randomBytes(1 << 20);
  const got = [];
  const origin = await s.origin(async (c) => {
    await Promise.all([c.send(down), c.pour(up.length, got)]);
  });
  const client = await s.client();
  assert.equal((await client.connectTo(origin.authority)).status, 200);
  const received = [];
  await Promise.all([client.send(up), client.pour(down.length, received)]);
  await client.ended();
  assert.ok(Buffer.concat(received).equals(down));
  assert.ok(Buffer.concat(got).equals(up));
});

flow(shared, 'half-close by the client: the answer still comes', async (s) => {
  const origin = await s.origin(async (c) => {
    const pieces = [];
    await c.pourAll(pieces);
    await c.send(50, `got ${Buffer.concat(pieces).length}`);
  });
  const client = await s.client();
  assert.equal((await client.connectTo(origin.authority)).status, 200);
  await client.send('12345');
  client.half();
  const pieces = [];
  await client.pourAll(pieces);
  assert.equal(Buffer.concat(pieces).toString(), 'got 5');
});

flow(shared, 'half-close by the origin: the client may still send', async (s) => {
  const got = [];
  const origin = await s.origin(async (c) => {
    await c.send('done');
    c.half();
    c.keep = true;
    await c.pourAll(got);
  });
  const client = await s.client();
  assert.equal((await client.connectTo(origin.authority)).status, 200);
  const pieces = [];
  await client.pourAll(pieces);
  assert.equal(Buffer.concat(pieces).toString(), 'done');
  await client.send('more');
  client.half();
  await eventually(() => Buffer.concat(got).toString() === 'more', 'the rest at the origin');
});

flow(shared, 'an end of the client ends the origin\'s side', async (s) => {
  for (const how of ['close', 'reset']) {
    const origin = await s.origin(async (c) => {
      c.keep = true;
      await c.ended();
      c.close();
    });
    const client = await s.client();
    assert.equal((await client.connectTo(origin.authority)).status, 200);
    client[how]();
    await eventually(() => origin.open === 0, `the origin to be let go after ${how}`);
  }
});

flow(shared, 'a reset of the origin ends the client\'s side', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.take(1);
    c.reset();
  });
  const client = await s.client();
  assert.equal((await client.connectTo(origin.authority)).status, 200);
  await client.send('x');
  await client.ended();
});

flow(shared, 'a reader that stops holds up the sender, not our memory', async (s) => {
  const total = 64 << 20;
  const before2 = shared.it.memory;
  let sent = 0;
  const origin = await s.origin(async (c) => {
    c.keep = true;
    const piece = Buffer.alloc(1 << 16, 'x');
    for (; sent < total && !c.gone; sent += piece.length) {
      await c.send(piece);
    }
  });
  const client = await s.client();
  assert.equal((await client.connectTo(origin.authority)).status, 200);
  client.pause();
  let last = -1;
  await eventually(async () => {
    const now = sent;
    const still = now === last;
    last = now;
    await new Promise((r) => { setTimeout(r, 300); });
    return still;
  }, 'the origin to be held up');
  assert.ok(sent < total, 'everything was taken in');
  shared.it.assertGrowth(before2, 24 << 10);
  client.close();
});

flow(shared, 'forty tunnels at once do not mix', async (s) => {
  const origin = await s.origin(echo);
  await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const client = await s.client();
    assert.equal((await client.connectTo(origin.authority)).status, 200);
    for (let k = 0; k < 5; k += 1) {
      const text = `${i}:${k}:`.padEnd(2000, String(i % 10));
      await client.send(text);
      assert.equal((await client.take(2000)).toString(), text);
    }
    client.close();
  }));
});

// Authority-form, with a port (RFC 9112, 3.2.3).
for (const [name, target] of [
  ['no port', '127.0.0.1'], ['an empty port', '127.0.0.1:'], ['port zero', '127.0.0.1:0'],
  ['port 65536', '127.0.0.1:65536'], ['a port that wraps', '127.0.0.1:65979'],
  ['a port of letters', '127.0.0.1:https'], ['a negative port', '127.0.0.1:-443'],
  ['a port with a sign', '127.0.0.1:+443'], ['two ports', '127.0.0.1:443:443'],
  ['a path', '127.0.0.1:443/'], ['userinfo', 'user@127.0.0.1:443'], ['absolute-form', 'http://127.0.0.1:443/'],
  ['https absolute-form', 'https://127.0.0.1:443'], ['origin-form', '/'], ['asterisk-form', '*'],
  ['no host', ':443'], ['IPv6 without brackets', '::1:443'], ['half a bracket', '[::1:443'],
  ['junk behind brackets', '[::1]x:443'], ['a fragment', '127.0.0.1:443#x'], ['a query', '127.0.0.1:443?x'],
  ['a backslash', '127.0.0.1\\:443'], ['a percent', '127.0.0.1%00:443'], ['a high byte', 'caf\xe9.test:443'],
  ['a comma', '127.0.0.1,127.0.0.2:443'],
]) {
  flow(shared, `refused: CONNECT with ${name}`, async (s) => {
    const client = await s.client();
    await client.send(`CONNECT ${target} HTTP/1.1\r\nHost: 127.0.0.1:443\r\n\r\n`);
    const response = await client.response();
    const allowed = name === 'port zero' ? [400, 403] : [400];
    assert.ok(response && allowed.includes(response.status), `${response?.status}`);
    assert.ok(response.complete);
  });
}

flow(shared, 'bytes after a refused CONNECT are no requests (RFC 9931)', async (s) => {
  const other = await s.origin();
  const dead = await s.origin();
  await dead.stop();
  for (const target of [dead.authority, '169.254.169.254:443', '127.0.0.1:0']) {
    const client = await s.client();
    await client.send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n` +
      `GET ${other.url}/hidden-request HTTP/1.1\r\nHost: ${other.authority}\r\n\r\n`);
    const response = await client.response();
    assert.ok(response.status >= 400, `${response.status}`);
    // Either it closes, or it is known that no tunnel bytes were meant.
    await client.endsWithin(2000);
    assert.equal(other.requests.length, 0, 'tunnel bytes were read as a request');
    client.close();
  }
});

flow(shared, 'CONNECT with content fields opens a tunnel or is refused, never framed', async (s) => {
  for (const field of ['Content-Length: 5', 'Transfer-Encoding: chunked']) {
    const origin = await s.origin(echo);
    const client = await s.client();
    await client.send(`CONNECT ${origin.authority} HTTP/1.1\r\nHost: ${origin.authority}\r\n${field}\r\n\r\nhello`);
    const response = await client.response({ method: 'CONNECT' });
    if (response.status === 200) {
      assert.equal((await client.take(5)).toString(), 'hello');
    } else {
      assert.equal(response.status, 400);
      assert.equal(origin.connections, 0);
    }
  }
});

flow(shared, 'Host that differs from the target: the target wins or 400', async (s) => {
  const origin = await s.origin(echo);
  const client = await s.client();
  await client.send(`CONNECT ${origin.authority} HTTP/1.1\r\nHost: evil.test:443\r\n\r\n`);
  const response = await client.response({ method: 'CONNECT' });
  assert.ok([200, 400].includes(response.status));
});

flow(shared, 'CONNECT without Host in 1.1 is 400', async (s) => {
  const client = await s.client();
  await client.send('CONNECT 127.0.0.1:443 HTTP/1.1\r\n\r\n');
  assert.equal((await client.response()).status, 400);
});

flow(shared, 'an origin that refuses is 502', async (s) => {
  const dead = await s.origin();
  await dead.stop();
  const client = await s.client();
  const response = await client.connectTo(dead.authority);
  assert.equal(response.status, 502);
  assert.ok(response.complete);
});

flow(strict, 'by default mail, chat and shell ports are closed to CONNECT', async (s) => {
  for (const port of [1, 7, 19, 22, 23, 25, 53, 110, 143, 465, 587, 993, 995]) {
    const client = await s.client();
    const response = await client.connectTo(`127.0.0.1:${port}`);
    assert.equal(response.status, 403, `port ${port}`);
    client.close();
  }
});

flow(strict, 'RestrictOutPortCONNECT closes every other port', async (s) => {
  const narrow = await Pared.start({ RestrictOutPortCONNECT: [443] });
  try {
    const origin = await s.origin(echo);
    for (const port of [origin.port, 80, 444, 8443]) {
      const client = await narrow.client();
      assert.equal((await client.connectTo(`127.0.0.1:${port}`)).status, 403);
      client.close();
    }
    assert.equal(origin.connections, 0);
  } finally {
    await narrow.stop();
  }
});

flow(strict, 'by default mail, chat and shell ports are closed to GET', async (s) => {
  for (const port of [1, 7, 9, 19, 22, 23, 25, 53, 110, 143, 465, 587, 993, 995]) {
    const client = await s.client();
    const response = await client.ask(`http://127.0.0.1:${port}/`);
    assert.equal(response.status, 403, `port ${port}`);
    client.close();
  }
});

const without = { it: null };
before(async () => {
  without.it = await Pared.start({ AllowMethodCONNECT: false });
});
after(async () => {
  await without.it?.stop();
});
flow(without, 'AllowMethodCONNECT = false refuses every tunnel', async (s) => {
  const origin = await s.origin(async (c) => { await c.request(); await c.send(answer()); });
  const client = await s.client();
  const response = await client.connectTo('127.0.0.1:443');
  assert.ok([403, 405].includes(response.status), `${response.status}`);
  const other = await s.client();
  assert.equal((await other.ask(`${origin.url}/`)).status, 200);
});
