// Goal: Expect and 1xx work (RFC 9110, 10.1.1 and 15.2): interim answers reach
// those who know them, in order, and nobody waits for one that will not come.

import { setTimeout as sleep } from 'node:timers/promises';
import { answer } from '../support/origin.mjs';
import { get } from '../support/client.mjs';
import { assert, flow, sharedProxy } from '../support/flow.mjs';

const shared = sharedProxy();

flow(shared, 'Expect: 100-continue at an origin that says nothing', async (s) => {
  const origin = await s.origin(async (c) => {
    const request = await c.request();
    assert.equal(request.text, 'hello');
    await c.send(answer('done'));
  });
  const client = await s.client();
  await client.send(`POST ${origin.url}/ HTTP/1.1\r\nHost: ${origin.authority}\r\n` +
    'Content-Length: 5\r\nExpect: 100-continue\r\n\r\n');
  // This origin says no 100: ours may, or the client stops waiting by itself
  // (RFC 9110, 10.1.1).
  await Promise.race([client.until(() => client.queued > 0, '100'), sleep(1500)]);
  await client.send('hello');
  const response = await client.response();
  assert.equal(response.text, 'done');
  assert.ok(response.interim.every((r) => r.status === 100));
});

flow(shared, 'an origin\'s own 100 comes once', async (s) => {
  const origin = await s.origin(async (c) => {
    // The header alone first: 100 comes before the content.
    await c.until(() => c.queued > 0, 'the header');
    await c.send('HTTP/1.1 100 Continue\r\n\r\n');
    await c.request();
    await c.send(answer('done'));
  });
  const client = await s.client();
  await client.send(`POST ${origin.url}/ HTTP/1.1\r\nHost: ${origin.authority}\r\n` +
    'Content-Length: 5\r\nExpect: 100-continue\r\n\r\n');
  await client.until(() => client.queued > 0, '100');
  await client.send('hello');
  const response = await client.response();
  assert.equal(response.text, 'done');
  assert.ok(response.interim.length <= 1, `${response.interim.length} times 100`);
});

flow(shared, 'a client that does not wait for 100 is served', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`, ['Expect: 100-continue'], { method: 'POST', body: 'hello' });
  assert.equal(response.status, 200);
  assert.equal(origin.requests[0].text, 'hello');
});

flow(shared, 'a refusal instead of 100 reaches the client before the content', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.until(() => c.queued > 0, 'the header');
    await c.send(answer('no', { status: '417 Expectation Failed', fields: ['Connection: close'] }));
    c.half();
  });
  const client = await s.client();
  await client.send(`POST ${origin.url}/ HTTP/1.1\r\nHost: ${origin.authority}\r\n` +
    'Content-Length: 5000000\r\nExpect: 100-continue\r\n\r\n');
  const response = await client.response();
  assert.equal(response.status, 417);
  assert.equal(response.text, 'no');
});

flow(shared, 'our own refusal of such a request needs no content', async (s) => {
  const client = await s.client();
  await client.send('POST http://169.254.169.254/ HTTP/1.1\r\nHost: 169.254.169.254\r\n' +
    'Content-Length: 5\r\nExpect: 100-continue\r\n\r\n');
  const response = await client.response();
  assert.equal(response.status, 403);
});

flow(shared, 'Expect without content asks for nothing', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`, ['Expect: 100-continue']);
  assert.equal(response.status, 200);
});

flow(shared, 'Expect from a 1.0 client is ignored', async (s) => {
  const origin = await s.origin();
  const client = await s.client();
  await client.send(get(`${origin.url}/`, ['Expect: 100-continue'], { method: 'POST', version: '1.0', body: 'hello' }));
  const response = await client.response({ sent: '1.0' });
  assert.equal(response.interim.length, 0);
  assert.equal(response.status, 200);
});

flow(shared, 'another expectation is 417 or passed on', async (s) => {
  for (const value of ['x', '100-continuex', '100-continue;a=b', '"100-continue"', 'x=y', '']) {
    const origin = await s.origin();
    const client = await s.client();
    await client.send(get(`${origin.url}/`, [`Expect: ${value}`], { method: 'POST', body: 'hello' }));
    const response = await client.response();
    assert.ok([200, 417].includes(response.status), `${value}: ${response.status}`);
    client.close();
  }
});

for (const status of ['102 Processing', '103 Early Hints', '110 Odd', '199 Last']) {
  flow(shared, `${status} is relayed, with its fields, before the answer`, async (s) => {
    const origin = await s.origin(async (c) => {
      await c.request();
      await c.send(`HTTP/1.1 ${status}\r\nLink: </a.css>; rel=preload\r\n\r\n`, 100, answer('done'));
    });
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`);
    assert.equal(response.status, 200);
    assert.equal(response.text, 'done');
    assert.deepEqual(response.interim.map((r) => r.status), [Number(status.slice(0, 3))]);
    assert.equal(response.interim[0].get('link'), '</a.css>; rel=preload');
  });
}

flow(shared, '1xx never reaches a 1.0 client', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.request();
    await c.send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n', answer('done'));
  });
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`, [], { version: '1.0' });
  assert.equal(response.interim.length, 0);
  assert.equal(response.text, 'done');
});

flow(shared, 'a few interim answers pass, a flood is ended', async (s) => {
  const few = await s.origin(async (c) => {
    await c.request();
    await c.send('HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n'.repeat(5), answer('done'));
  });
  const client = await s.client();
  const response = await client.ask(`${few.url}/`);
  assert.equal(response.text, 'done');
  assert.equal(response.interim.length, 5);
  const flood = await s.origin(async (c) => {
    await c.request();
    const piece = 'HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n'.repeat(200);
    for (let i = 0; i < 2000 && !c.gone && !c.end; i += 1) {
      await c.send(piece, 1);
    }
  });
  const other = await s.client();
  await other.send(get(`${flood.url}/`));
  let end = null;
  try {
    end = await other.response();
  } catch (err) {
    assert.equal(err.name, 'Cut');
  }
  assert.ok(end === null || (end.status === 502 && end.interim.length < 1000), `${end?.status}`);
});

flow(shared, 'an interim answer with framing fields is no way to hide content', async (s) => {
  for (const fields of ['Content-Length: 5', 'Transfer-Encoding: chunked']) {
    const origin = await s.origin(async (c) => {
      await c.request();
      await c.send(`HTTP/1.1 103 Early Hints\r\n${fields}\r\n\r\n`, answer('done', { fields: ['X-Real: 1'] }));
    });
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`);
    assert.ok([200, 502].includes(response.status));
    if (response.status === 200) {
      assert.equal(response.text, 'done');
    }
  }
});

for (const [name, fields] of [
  ['nothing was asked for', []],
  ['another protocol was asked for', ['Connection: Upgrade', 'Upgrade: h2c']],
]) {
  flow(shared, `101 when ${name} is 502`, async (s) => {
    const origin = await s.origin(async (c) => {
      const request = await c.request();
      assert.ok(!/h2c/.test(request.get('upgrade') ?? ''), 'h2c was passed on');
      await c.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad');
    });
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`, fields);
    assert.equal(response?.status, 502);
  });
}

const WEBSOCKET = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];

flow(shared, 'a WebSocket upgrade becomes a tunnel', async (s) => {
  const origin = await s.origin(async (c) => {
    const request = await c.request();
    assert.equal(request.get('upgrade').toLowerCase(), 'websocket');
    assert.ok(request.fields.tokens('connection').includes('upgrade'));
    assert.equal(request.get('sec-websocket-key'), 'dGhlIHNhbXBsZSBub25jZQ==');
    await c.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02hi');
    c.keep = true;
    c.socket.on('data', () => {});
    await c.until(() => c.queued >= 8, 'a frame');
    await c.send(Buffer.concat(c.queue));
    c.queue.length = 0;
  });
  const client = await s.client();
  const response = await client.ask(`${origin.url}/chat`, WEBSOCKET);
  assert.equal(response.status, 101);
  assert.equal(response.get('upgrade').toLowerCase(), 'websocket');
  assert.equal(response.get('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  assert.equal((await client.take(4)).toString('latin1'), '\x81\x02hi');
  await client.send('\x81\x82abcdXY');
  assert.equal((await client.take(8)).toString('latin1'), '\x81\x82abcdXY');
});

flow(shared, 'an upgrade that is declined is an ordinary answer', async (s) => {
  const origin = await s.origin(async (c) => {
    while (await c.request()) {
      await c.send(answer('plain'));
    }
  });
  const client = await s.client();
  const response = await client.ask(`${origin.url}/chat`, WEBSOCKET);
  assert.equal(response.status, 200);
  assert.equal(response.text, 'plain');
  assert.equal((await client.ask(`${origin.url}/next`)).text, 'plain');
});

flow(shared, 'a declined upgrade hides no request', async (s) => {
  // A client that believes in the tunnel sends frames; they are no requests.
  const origin = await s.origin(async (c) => {
    await c.request();
    await c.send(answer('no', { status: '426 Upgrade Required' }));
    await c.request();
  });
  const client = await s.client();
  await client.send(get(`${origin.url}/chat`, WEBSOCKET));
  assert.equal((await client.response()).status, 426);
});
