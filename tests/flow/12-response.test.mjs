// Goal: answers are read tolerantly but never ambiguously (RFC 9112, 6.3), and
// what was cut short never looks whole.

import { answer } from '../support/origin.mjs';
import { get } from '../support/client.mjs';
import { assert, flow, sharedProxy } from '../support/flow.mjs';

const shared = sharedProxy();

// An origin that says exactly this after one request.
const says = (...pieces) => async (c) => {
  await c.request();
  await c.send(...pieces);
};

// 502, or nothing of the evil answer: the client never gets it as a success.
for (const [name, bytes] of [
  ['two different lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'],
  ['a list of different lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello!'],
  ['an empty length', 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello'],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello'],
  ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello'],
  ['a length in hex', 'HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello'],
  ['a length with a letter', 'HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello'],
  ['a length with a fraction', 'HTTP/1.1 200 OK\r\nContent-Length: 5.0\r\n\r\nhello'],
  ['a length with a space', 'HTTP/1.1 200 OK\r\nContent-Length: 5 5\r\n\r\nhello'],
  ['a length that wraps', 'HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551621\r\n\r\nhello'],
  ['a length above 63 bits', 'HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\nhello'],
  ['a length with a vertical tab', 'HTTP/1.1 200 OK\r\nContent-Length: \v5\r\n\r\nhello'],
  ['an unknown transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: foo\r\n\r\nhello'],
  ['chunked that is not last', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, foo\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ['chunked twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ['chunked with a disguise', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ['NUL in a field value', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: a\0b\r\n\r\nhello'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a status of letters', 'HTTP/1.1 abc OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a status below 100', 'HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a negative status', 'HTTP/1.1 -20 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['no status', 'HTTP/1.1 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['HTTP/2.0 in the status line', 'HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['HTTP/0.9, bare content', '<html>hello</html>'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a TLS alert', '\x15\x03\x01\x00\x02\x02\x46'],
  ['nothing but line ends', '\r\n\r\n\r\n\r\n'],
  ['a request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a control byte in the reason', 'HTTP/1.1 200 O\x00K\r\nContent-Length: 5\r\n\r\nhello'],
  ['a bare CR in the reason', 'HTTP/1.1 200 OK\rX: y\r\nContent-Length: 5\r\n\r\nhello'],
  ['a version of letters', 'HTTP/x.y 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a space before the status line', ' HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a header section of 2 MB', `HTTP/1.1 200 OK\r\n${'X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(60000)}\r\n`],
  ['one field of 2 MB', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(2 << 20)}\r\n\r\n`],
  ['five thousand small fields', `HTTP/1.1 200 OK\r\n${'a:\r\n'.repeat(5000)}Content-Length: 0\r\n\r\n`],
  ['a reason of 2 MB', `HTTP/1.1 200 ${'O'.repeat(2 << 20)}\r\n\r\n`],
]) {
  flow(shared, `502: ${name}`, async (s) => {
    const origin = await s.origin(says(bytes));
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`);
    assert.equal(response?.status, 502);
    assert.ok(response.complete);
    assert.ok(!response.fields.has('set-cookie'));
    assert.ok(!response.text.includes('hello'));
  });
}

// Two readings of CL and TE: TE wins by RFC 9112, 6.3, and the connection is
// not kept; or 502. Never both.
for (const [name, fields] of [
  ['CL then TE', 'Content-Length: 3\r\nTransfer-Encoding: chunked'],
  ['TE then CL', 'Transfer-Encoding: chunked\r\nContent-Length: 3'],
]) {
  flow(shared, `answer with ${name}`, async (s) => {
    const origin = await s.origin(async (c) => {
      await c.request();
      await c.send(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`);
      await c.request();
      await c.send(answer('second'));
    });
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`);
    assert.ok([200, 502].includes(response.status), `${response.status}`);
    if (response.status === 200) {
      assert.equal(response.text, 'hello');
      await (await s.client()).ask(`${origin.url}/2`);
      assert.ok(origin.connections > 1, 'the connection was used again');
    }
  });
}

flow(shared, 'equal lengths twice are one length or 502', async (s) => {
  for (const fields of ['Content-Length: 5\r\nContent-Length: 5', 'Content-Length: 5, 5']) {
    const origin = await s.origin(says(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\nhello`));
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`);
    assert.ok([200, 502].includes(response.status));
    if (response.status === 200) {
      assert.equal(response.text, 'hello');
    }
  }
});

// Read tolerantly, passed on strictly: the client's parser forgives nothing.
for (const [name, bytes, text, status = 200] of [
  ['bare LF line ends', 'HTTP/1.1 200 OK\nContent-Length: 5\nX: y\n\nhello', 'hello'],
  ['mixed line ends', 'HTTP/1.1 200 OK\r\nContent-Length: 5\nX: y\r\n\nhello', 'hello'],
  ['no reason', 'HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello', 'hello'],
  ['no reason and no space', 'HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello', 'hello'],
  ['an odd status', 'HTTP/1.1 299 Odd\r\nContent-Length: 5\r\n\r\nhello', 'hello', 299],
  ['HTTP/1.0 with a length', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'hello'],
  ['HTTP/1.0 until the end', 'HTTP/1.0 200 OK\r\n\r\nhello', 'hello'],
  ['a length of zero', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
  ['a chunk with an extension', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a="b"\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['Chunked in capitals', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', 'hello'],
  ['many chunks', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(500)}0\r\n\r\n`, 'x'.repeat(500)],
]) {
  for (const version of ['1.1', '1.0']) {
    flow(shared, `tolerated: ${name}, to a ${version} client`, async (s) => {
      const origin = await s.origin(says(bytes));
      const client = await s.client();
      const response = await client.ask(`${origin.url}/`, [], { version });
      assert.equal(response?.status, status);
      assert.equal(response.text, text);
      assert.ok(response.complete);
    });
  }
}

// RFC 9112, 2.2 and 5.1: made valid, or refused.
for (const [name, field] of [
  ['a bare CR in a value', 'X: a\rSet-Cookie: evil=1'],
  ['a space before a colon', 'X : a'],
  ['a space before the colon of a length', 'Content-Length : 5'],
  ['a line without a colon', 'nonsense'],
  ['an illegal field name', 'X(y): z'],
  ['an empty field name', ': z'],
]) {
  flow(shared, `${name} is mended or 502`, async (s) => {
    const length = field.startsWith('C') ? '' : 'Content-Length: 5\r\n';
    const origin = await s.origin(async (c) => {
      await c.request();
      await c.send(`HTTP/1.1 200 OK\r\n${length}${field}\r\n\r\nhello`);
      c.half();
    });
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`);
    assert.ok([200, 502].includes(response.status));
    assert.ok(!response.fields.has('set-cookie'));
    if (response.status === 200) {
      assert.equal(response.text, 'hello');
    }
  });
}

flow(shared, 'a folded field of an answer is unfolded or 502', async (s) => {
  const origin = await s.origin(says('HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello'));
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`);
  assert.ok([200, 502].includes(response.status));
  if (response.status === 200) {
    assert.match(response.get('x'), /^a +b$/);
    assert.equal(response.text, 'hello');
  }
});

flow(shared, 'an answer that comes byte by byte', async (s) => {
  const bytes = 'HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: u\r\n\r\n';
  const origin = await s.origin(async (c) => {
    await c.request();
    await c.trickle(bytes);
  });
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`);
  assert.equal(response.text, 'hello');
  assert.ok(response.complete);
});

// Cut short: the client sees it.
for (const [name, bytes] of [
  ['inside its length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'],
  ['before any content', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'],
  ['inside a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhello'],
  ['between chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ['inside a chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1'],
  ['inside the last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n'],
  ['inside the trailers', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n'],
  ['before any chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
]) {
  for (const how of ['half', 'reset']) {
    for (const version of ['1.1', '1.0']) {
      flow(shared, `cut ${name} by ${how} never looks whole to a ${version} client`, async (s) => {
        const origin = await s.origin(async (c) => {
          await c.request();
          await c.send(bytes, 50);
          c[how]();
        });
        const client = await s.client();
        await client.send(get(`${origin.url}/`, [], { version }));
        let response;
        try {
          response = await client.response({ sent: version });
        } catch (err) {
          assert.equal(err.name, 'Cut');
          return;
        }
        if (!response || response.status >= 500) {
          return;
        }
        assert.equal(response.status, 200);
        // A 1.0 client with content until the end learns it by a reset only.
        assert.ok(!response.complete, `looks whole: ${response.framing}, ${response.text}`);
      });
    }
  }
}

// A bad chunk in an answer that has begun: the client sees a cut.
for (const [name, chunk] of [
  ['size is no number', 'xyz\r\nmore\r\n0\r\n\r\n'],
  ['size negative', '-1\r\nmore\r\n0\r\n\r\n'],
  ['size wraps', '10000000000000004\r\nmore\r\n0\r\n\r\n'],
  ['size empty', '\r\nmore\r\n0\r\n\r\n'],
  ['size with 0x', '0x4\r\nmore\r\n0\r\n\r\n'],
  ['data longer than its size', '3\r\nmore\r\n0\r\n\r\n'],
  ['no line end after the data', '4\r\nmore0\r\n\r\n'],
  ['NUL in an extension', '4;\0\r\nmore\r\n0\r\n\r\n'],
  ['endless extension', `4;${'a'.repeat(300000)}\r\nmore\r\n0\r\n\r\n`],
  ['endless trailers', `0\r\n${'X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(20000)}\r\n`],
]) {
  flow(shared, `bad chunk in an answer: ${name}`, async (s) => {
    const origin = await s.origin(says(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', 60, chunk));
    const client = await s.client();
    await client.send(get(`${origin.url}/`));
    const response = await client.response();
    assert.ok(response === null || response.status === 502 || !response.complete, 'looks whole');
    assert.ok(await client.endsWithin(20000) || response.status === 502);
  });
}

// No content where none may be (RFC 9112, 6.3): what comes is not of it.
for (const [name, method, status, fields] of [
  ['HEAD with a length', 'HEAD', '200 OK', 'Content-Length: 5\r\n'],
  ['HEAD with chunks', 'HEAD', '200 OK', 'Transfer-Encoding: chunked\r\n'],
  ['204', 'GET', '204 No Content', ''],
  ['204 with a length', 'GET', '204 No Content', 'Content-Length: 5\r\n'],
  ['204 with chunks', 'GET', '204 No Content', 'Transfer-Encoding: chunked\r\n'],
  ['304', 'GET', '304 Not Modified', 'ETag: "a"\r\n'],
  ['304 with a length', 'GET', '304 Not Modified', 'Content-Length: 5\r\n'],
]) {
  flow(shared, `no content: ${name}`, async (s) => {
    const origin = await s.origin(async (c) => {
      const request = await c.request();
      if (request.target === '/next') {
        await c.send(answer('next'));
        return;
      }
      await c.send(`HTTP/1.1 ${status}\r\n${fields}\r\n`);
      if (await c.request()) {
        await c.send(answer('next'));
      }
    });
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`, [], { method });
    assert.equal(response.status, Number(status.slice(0, 3)));
    assert.equal((await client.linger(100)).length, 0);
    assert.equal((await client.ask(`${origin.url}/next`)).text, 'next');
  });
  flow(shared, `content where none may be is dropped: ${name}`, async (s) => {
    const origin = await s.origin(async (c) => {
      const request = await c.request();
      if (request.target === '/next') {
        await c.send(answer('next'));
        return;
      }
      await c.send(`HTTP/1.1 ${status}\r\n${fields}\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
      if (await c.request()) {
        await c.send(answer('next'));
      }
    });
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`, [], { method });
    assert.equal(response.status, Number(status.slice(0, 3)));
    assert.equal((await client.linger(100)).length, 0);
    assert.equal((await client.ask(`${origin.url}/next`)).text, 'next');
  });
}

flow(shared, 'surplus bytes after an answer are nobody\'s answer', async (s) => {
  const evil = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
  for (const pause of [[], [100]]) {
    const origin = await s.origin(async (c) => {
      while (await c.request()) {
        await c.send(answer('good'), ...pause, evil);
      }
    });
    for (let i = 0; i < 6; i += 1) {
      const client = await s.client();
      const response = await client.ask(`${origin.url}/${i}`);
      assert.equal(response.text, 'good', `request ${i}`);
      assert.ok(!(await client.linger(250)).toString().includes('evil'));
      client.close();
    }
  }
});

flow(shared, 'bytes that come unasked on an idle connection are nobody\'s answer', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.request();
    await c.send(answer('good'), 300, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    if (await c.request()) {
      await c.send(answer('good'));
    }
  });
  const client = await s.client();
  assert.equal((await client.ask(`${origin.url}/1`)).text, 'good');
  await new Promise((r) => { setTimeout(r, 600); });
  assert.equal((await client.ask(`${origin.url}/2`)).text, 'good');
});

flow(shared, 'an answer before the upload is whole reaches the client', async (s) => {
  const origin = await s.origin(async (c) => {
    await c.until(() => c.queued > 0, 'the header');
    await c.send(answer('too big', { status: '413 Content Too Large', fields: ['Connection: close'] }));
    c.half();
    c.keep = true;
    c.socket.resume();
  });
  const client = await s.client();
  const sending = client.send(`POST ${origin.url}/ HTTP/1.1\r\nHost: ${origin.authority}\r\nContent-Length: 3000000\r\n\r\n`,
    ...Array.from({ length: 30 }, () => Buffer.alloc(100000, 'x')));
  const response = await client.response();
  assert.equal(response?.status, 413);
  assert.equal(response.text, 'too big');
  client.close();
  await sending;
});

flow(shared, 'an early answer leaves no connection out of step', async (s) => {
  const origin = await s.origin(async (c, o) => {
    if (o.connections === 1) {
      await c.until(() => c.queued > 0, 'the header');
      await c.send(answer('early'));
      c.keep = true;
      return;
    }
    while (await c.request()) {
      await c.send(answer('later'));
    }
  });
  const client = await s.client();
  await client.send(`POST ${origin.url}/ HTTP/1.1\r\nHost: ${origin.authority}\r\nContent-Length: 50\r\n\r\nhalf`);
  const response = await client.response();
  assert.equal(response.text, 'early');
  client.close();
  const other = await s.client();
  assert.equal((await other.ask(`${origin.url}/next`)).text, 'later');
});

flow(shared, 'trailers of an answer reach a 1.1 client or are dropped, and frame nothing', async (s) => {
  const origin = await s.origin(says('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n' +
    '5\r\nhello\r\n0\r\nX-Sum: abc\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n'));
  const client = await s.client();
  const response = await client.ask(`${origin.url}/`, ['TE: trailers', 'Connection: TE']);
  if (response.status === 200) {
    assert.equal(response.text, 'hello');
    assert.ok([undefined, 'abc'].includes(response.trailers.get('x-sum')));
    assert.ok(!response.trailers.has('content-length'));
    assert.ok(!response.trailers.has('transfer-encoding'));
  } else {
    assert.equal(response.status, 502);
  }
});

for (const status of ['301 Moved Permanently', '302 Found', '307 Temporary Redirect', '400 Bad Request',
  '401 Unauthorized', '404 Not Found', '429 Too Many Requests', '500 Internal Server Error', '503 Service Unavailable']) {
  flow(shared, `${status} passes as it is`, async (s) => {
    const origin = await s.origin(says(answer('body', {
      status, fields: ['Location: http://other.test/a?b#c', 'WWW-Authenticate: Basic realm="r"', 'Retry-After: 5'],
    })));
    const client = await s.client();
    const response = await client.ask(`${origin.url}/`);
    assert.equal(response.status, Number(status.slice(0, 3)));
    assert.equal(response.reason, status.slice(4));
    assert.equal(response.text, 'body');
    assert.equal(response.get('location'), 'http://other.test/a?b#c');
    assert.equal(response.get('www-authenticate'), 'Basic realm="r"');
    assert.equal(response.get('retry-after'), '5');
    assert.equal(origin.requests.length, 1, 'redirects are the client\'s to follow');
  });
}
