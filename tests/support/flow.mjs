// What the scenarios share: one pared for a file, a scene for each test, and
// the tables of "refused" and "served" cases.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Origin, ordinary } from './origin.mjs';
import { Pared } from './pared.mjs';
import { Late, bytes } from './wire.mjs';

// Bytes after a message that must never be read as a request of its own.
export const HIDDEN = '/hidden-request';

// Everything one test opened; closed, judged and shown at its end.
export class Scene {
  constructor(proxy) {
    this.proxy = proxy;
    this.parts = [];
  }

  async origin(serve = ordinary, options = {}) {
    const origin = await Origin.start(serve, options);
    this.parts.push(origin);
    return origin;
  }

  async client(options) {
    const client = await this.proxy.client(options);
    this.parts.push(client);
    return client;
  }

  close() {
    for (const part of this.parts) {
      if (part instanceof Origin) {
        part.stop();
      } else {
        part.close();
      }
    }
  }

  // What no test may leave behind.
  judge() {
    for (const part of this.parts) {
      if (part instanceof Origin) {
        if (part.strict) {
          assert.deepEqual(part.faults, [],
            'an origin received a malformed request');
        }
        if (part.errors.length) {
          throw part.errors[0];
        }
        for (const r of part.requests) {
          assert.ok(!r.target.includes(HIDDEN), 'a hidden request came out');
        }
      }
    }
    this.proxy?.check();
  }

  dump() {
    return [...this.parts.slice(0, 8), this.proxy].filter((p) => p)
      .map((p) => p.dump()).join('\n');
  }
}

// Starts pared before the file's tests and stops it after them; .it is set.
export function sharedProxy(options = {}, settings = {}) {
  const shared = { it: null };
  before(async () => {
    shared.it = await Pared.start(options, settings);
  });
  after(async () => {
    await shared.it?.stop();
  });
  return shared;
}

// Runs one scene as a test; a failure shows the bytes of both sides.
export function flow(shared, name, run, options = {}) {
  test(name, options, async (t) => {
    const scene = new Scene(shared?.it);
    try {
      await run(scene, t);
      scene.judge();
    } catch (err) {
      err.message = `${err.message}\n${scene.dump()}`;
      throw err;
    } finally {
      scene.close();
    }
  });
}

async function sendPieces(client, pieces) {
  await client.send(...(Array.isArray(pieces) ? pieces : [pieces]));
}

// A 4xx or 5xx in `status`, or for null in it the bare end; then the end.
export async function assertRefused(client, status, { closes = true, method } = {}) {
  const response = await client.response({ method });
  if (!response) {
    assert.ok(status.includes(null), 'closed without an answer');
    return null;
  }
  assert.ok(status.includes(response.status),
    `status ${response.status}, expected ${status.join(' or ')}`);
  assert.ok(response.complete, 'the answer is cut short');
  if (closes) {
    assert.ok(await client.endsWithin(10000),
      'the connection stays open after an error of framing');
    const more = await client.linger(0);
    assert.equal(more.length, 0, `answered more than once: ${more.toString('latin1')}`);
  }
  return response;
}

// One case: make(origin) gives the bytes; pared answers with one of `status`
// and the origin never sees a whole request.
export function refused(shared, name, status, make, options = {}) {
  flow(shared, `refused: ${name}`, async (s) => {
    const origin = await s.origin(options.serve, options.origin);
    const client = await s.client(options.client);
    const sending = sendPieces(client, make(origin));
    const response = await assertRefused(client, [status].flat(), options);
    client.close();
    await sending;
    assert.equal(origin.requests.length, 0, 'the origin got a request');
    if (options.connects === false) {
      assert.equal(origin.connections, 0, 'the origin got a connection');
    }
    await options.check?.({ response, origin, client, scene: s });
  });
}

// One case: the request arrives at the origin, strictly valid, and is answered
// with 200 (or options.status). check gets request, response, client.
export function served(shared, name, make, check, options = {}) {
  flow(shared, `served: ${name}`, async (s) => {
    const origin = await s.origin(options.serve, options.origin);
    const client = await s.client(options.client);
    const sending = sendPieces(client, make(origin));
    const response = await client.response(
      { method: options.method, sent: options.sent });
    await sending;
    assert.ok(response, 'closed without an answer');
    assert.equal(response.status, options.status ?? 200);
    assert.ok(response.complete, `answer cut short (${response.cut})`);
    assert.equal(origin.requests.length, options.requests ?? 1,
      'requests at the origin');
    await check?.({ request: origin.requests[0], response, client, origin, scene: s });
  });
}

// Either refused with one of `status`, or forwarded strictly valid: what the
// RFC leaves to us. Never held, never ambiguous.
export function either(shared, name, status, make, check, options = {}) {
  flow(shared, `either: ${name}`, async (s) => {
    const origin = await s.origin(options.serve, options.origin);
    const client = await s.client(options.client);
    const sending = sendPieces(client, make(origin));
    const response = await client.response(
      { method: options.method, sent: options.sent });
    client.close();
    await sending;
    if (response && response.status === 200) {
      assert.equal(origin.requests.length, 1, 'requests at the origin');
      await check?.({ request: origin.requests[0], response, origin });
      return;
    }
    const got = response ? response.status : null;
    assert.ok([status].flat().includes(got), `status ${got}`);
    assert.equal(origin.requests.length, 0, 'refused, yet forwarded');
  });
}

// Waits until cond() holds.
export async function eventually(cond, what, deadline = 20000) {
  const end = Date.now() + deadline;
  while (!(await cond())) {
    if (Date.now() > end) {
      throw new Late(what, deadline);
    }
    await new Promise((r) => { setTimeout(r, 20); });
  }
}

export { assert, bytes };
