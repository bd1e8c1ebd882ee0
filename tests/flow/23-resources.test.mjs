// Goal: what stands in for a blocked script keeps the page going: it loads in
// a browser of any age, twice and in odd surroundings, and what the page waits
// for comes.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';

const folder = new URL('../../filters/block/resources/', import.meta.url);
const read = (name) => readFileSync(new URL(name, folder), 'utf8');
const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'));

// A window with timers that run when told to, and next to nothing else.
function page(before = '') {
  const timers = [];
  const window = {
    setTimeout: (f) => timers.push(f),
    location: { href: 'https://page.example/', assign: (u) => {
      window.went = u;
    } },
    document: {
      head: { appendChild: (e) => { window.appended = e; } },
      createElement: () => ({}),
      querySelectorAll: () => window.found ?? [],
      dispatchEvent: () => true,
    },
    Promise, Event,
  };
  window.window = window.self = window;
  vm.createContext(window);
  const run = (code) => vm.runInContext(code, window);
  run(before);
  return {
    window, run,
    load: (name) => vm.runInContext(read(name), window, { filename: name }),
    settle() {
      for (let n = 0; timers.length > 0; n++) {
        assert.ok(n < 1000, 'timers without end');
        timers.shift()();
      }
    },
  };
}

// Surroundings as pages leave them: queues of the right and of any shape.
const surroundings = [
  '',
  'googletag = {cmd: []}; dataLayer = []; _gaq = []; apstag = {_Q: []}; pbjs = {que: []}; ga = {q: []}',
  'googletag = 1; dataLayer = "x"; _gaq = {}; apstag = []; pbjs = {que: [1, null], cmd: {}}; ga = {q: [null, [], 1]}',
  'dataLayer = [null, 1, "x", [], {eventCallback: 1}, ["event", "x", null]]; _gaq = [null, [], ["_link"]]; _paq = [null, 1]; ym = {a: [null, 1]}; nitroAds = {queue: [null, 1, []]}; adthrive = {cmd: [null]}; apstag = {_Q: [null, [], ["i"], ["f", []]]}',
  'google = 1; OBR = 1; Ya = 1; SVONM = 1; adthrive = 1; pbjs = 1; amznads = 1; nitroAds = 1; COMSCORE = 1',
  'google = {}; OBR = {}; adsbygoogle = []; amznads = {asyncTasks: [null]}; _cbq = [null]',
];

test('every script is of old syntax and small', () => {
  for (const name of scripts) {
    const text = read(name);
    assert.ok(text.length < 8192, name);
    assert.doesNotMatch(text, /=>|`|\b(let|const|class|async|await)\s|\.\.\.\w/,
      name);
    assert.match(text, /^[\t\n -~]*$/, name);
  }
});

test('every script may run twice, anywhere', () => {
  for (const name of scripts) {
    for (const before of surroundings) {
      const { load, settle } = page(before);
      load(name);
      settle();
      load(name);
      settle();
    }
    // No document worth the name.
    const { run, load, settle } = page('document = undefined');
    load(name);
    settle();
    run('');
  }
});

test('nothing is loaded and nothing is sent', () => {
  for (const name of scripts)
    assert.doesNotMatch(read(name),
      /XMLHttpRequest|fetch\(|sendBeacon|new Image|\.src\b|cookie\s*=/, name);
});

test('analytics.js runs callbacks', () => {
  const p = page(`n = 0; f = function () { n++; };
    ga = function () {}; ga.q = [['send', 'pageview', { hitCallback: f }]];
    dataLayer = [{ eventCallback: f }]; dataLayer.hide = { end: f }`);
  p.load('google-analytics_analytics.js');
  p.settle();
  assert.equal(p.window.n, 3);
  p.run(`ga('send', { hitCallback: f }); ga('set', 'hitCallback', f);
    ga(function (t) { t.send(); n += typeof t.get('clientId') === 'string'; });
    dataLayer.push(['event', 'x', { event_callback: f }])`);
  p.settle();
  assert.equal(p.window.n, 7);
  assert.equal(p.run('ga.getAll().length'), 1);
  assert.equal(p.run('dataLayer.length'), 2);
  // A second load runs nothing again.
  p.load('google-analytics_analytics.js');
  p.settle();
  assert.equal(p.window.n, 7);
});

test('analytics.js goes by the name the page gave it', () => {
  const p = page('GoogleAnalyticsObject = "count"');
  p.load('google-analytics_analytics.js');
  assert.equal(p.run('typeof count.create().send'), 'function');
});

test('ga.js follows links that waited for it', () => {
  const p = page('n = 0; _gaq = [function () { n++; }, ["_trackPageview"]]');
  p.load('google-analytics_ga.js');
  p.run('_gaq.push(function () { n++; }); _gat._getTracker("x")._trackEvent()');
  p.settle();
  assert.equal(p.window.n, 2);
  p.run('_gaq.push(["_link", "javascript:alert(1)"])');
  assert.equal(p.window.went, undefined);
  p.run('_gaq.push(["_link", "https://next.example/"])');
  assert.equal(p.window.went, 'https://next.example/');
});

test('experiments show the original', () => {
  const p = page();
  p.load('google-analytics_cx_api.js');
  assert.equal(p.run('cxApi.chooseVariation()'), 0);
});

test('the tag manager runs callbacks', () => {
  const p = page(`n = 0; f = function () { n++; };
    dataLayer = [{ event: 'gtm.js' }, { eventCallback: f }]`);
  p.load('googletagmanager_gtm.js');
  p.load('googletagmanager_gtm.js');
  p.run('dataLayer.push({ eventCallback: f }); ga("send", { hitCallback: f })');
  p.settle();
  assert.equal(p.window.n, 3);
});

test('publisher tags run commands and chain', () => {
  const p = page('n = 0; googletag = { cmd: [function () { n++; }] }');
  p.load('googletagservices_gpt.js');
  p.run(`googletag.cmd.push(function () {
      var slot = googletag.defineSlot('/1/a', [300, 250], 'div')
        .addService(googletag.pubads()).setTargeting('k', 'v');
      googletag.pubads().enableSingleRequest();
      googletag.pubads().setTargeting('a', 'b').addEventListener('x', f);
      googletag.sizeMapping().addSize([0, 0], []).addSize([1, 1], []).build();
      googletag.enableServices();
      googletag.display('div');
      n += slot.getSlotElementId() === 'div' && slot.getAdUnitPath() === '/1/a';
    }, function () { throw new Error('the page\\'s own'); },
    function () { n++; }); function f() {}`);
  assert.equal(p.window.n, 3);
  assert.throws(() => p.settle(), /own/);
  // What the page queued is not run again.
  p.load('googletagservices_gpt.js');
  assert.equal(p.window.n, 3);
});

test('AdSense tells that there was nothing', () => {
  const p = page('adsbygoogle = [{}]');
  const set = {};
  p.window.found = [{ setAttribute: (k, v) => { set[k] = v; } }];
  p.load('googlesyndication_adsbygoogle.js');
  p.run('adsbygoogle.push({})');
  p.settle();
  assert.equal(set['data-ad-status'], 'unfilled');
  assert.equal(p.run('adsbygoogle.loaded'), true);
});

test('players are told that there is no ad', () => {
  const p = page('n = []');
  p.load('google-ima.js');
  p.load('google-ima.js');
  p.run(`var ima = google.ima;
    ima.settings.setLocale('de');
    var box = new ima.AdDisplayContainer({}, {});
    box.initialize();
    var loader = new ima.AdsLoader(box);
    loader.addEventListener(ima.AdsManagerLoadedEvent.Type.ADS_MANAGER_LOADED,
      function () { n.push('loaded'); });
    function gone() { n.push('gone'); }
    loader.addEventListener(ima.AdErrorEvent.Type.AD_ERROR, gone);
    loader.removeEventListener(ima.AdErrorEvent.Type.AD_ERROR, gone);
    loader.addEventListener(ima.AdErrorEvent.Type.AD_ERROR, function (e) {
      n.push(e.getError().getErrorCode(), String(e.getError()),
        e.getUserRequestContext().id, this === loader);
    }, false, loader);
    var request = new ima.AdsRequest();
    request.adTagUrl = 'https://ads.example/vast';
    request.setAdWillAutoPlay(true);
    loader.requestAds(request, { id: 7 });`);
  p.settle();
  assert.deepEqual([...p.window.n], [1009,
    'AdError 1009: The VAST response document is empty.', 7, true]);
  assert.equal(p.run('ima.AdEvent.Type.CONTENT_RESUME_REQUESTED'),
    'contentResumeRequested');
  assert.equal(p.run('ima.AdEvent.Type.ALL_ADS_COMPLETED'), 'allAdsCompleted');
});

test('bids come back empty', () => {
  const p = page(`n = []; apstag = { _Q: [['i', [{}]],
    ['f', [{}, function (bids) { n.push(bids.length); }]]] };
    pbjs = { que: [function () { n.push('que'); }] }`);
  p.load('amazon_apstag.js');
  p.load('prebid.js');
  p.load('amazon_ads.js');
  p.run(`apstag.fetchBids({}, function (bids) { n.push(bids.length); });
    pbjs.requestBids({ bidsBackHandler: function () { n.push('back'); } });
    amznads.getAdsCallback('x', function () { n.push('amzn'); })`);
  p.settle();
  assert.deepEqual([...p.window.n].sort(),
    [0, 0, 'amzn', 'back', 'que'].sort());
});

test('detectors find nothing', () => {
  const p = page('n = []');
  p.load('nofab.js');
  p.load('prebid-ads.js');
  p.load('doubleclick_instream_ad_status.js');
  p.run(`fuckAdBlock.onDetected(function () { n.push('bad'); })
      .onNotDetected(function () { n.push('good'); });
    new BlockAdBlock().on(true, function () { n.push('bad'); })
      .on(false, function () { n.push('good'); })`);
  p.settle();
  assert.deepEqual([...p.window.n], ['good', 'good']);
  assert.equal(p.window.canRunAds, true);
  assert.equal(p.window.google_ad_status, 1);
});

test('fingerprints are another each time', async () => {
  const p = page('n = []');
  p.load('fingerprint2.js');
  p.load('fingerprint3.js');
  p.run(`for (var i = 0; i < 2; i++)
    new Fingerprint2().get(function (id) { n.push(id); })`);
  p.settle();
  const agent = await p.run('FingerprintJS.load()');
  p.window.n.push((await agent.get()).visitorId);
  assert.equal(new Set(p.window.n).size, 3);
  for (const id of p.window.n)
    assert.match(id, /^[0-9a-f]{32}$/);
});

test('counters take what they are told', () => {
  const p = page(`n = 0; f = function () { n++; };
    ym = { a: [[1, 'reachGoal', 'x', {}, f]] };
    yandex_metrika_callbacks2 = [f]; _paq = [[f], ['trackPageView']]`);
  for (const name of ['metrika-yandex.js', 'matomo.js', 'chartbeat.js',
    'scorecardresearch_beacon.js', 'outbrain-widget.js',
    'sensors-analytics.js', 'gemius.js', 'nitropay_ads.js', 'hd-main.js'])
    p.load(name);
  p.run(`ym(1, 'hit', 'u', { callback: f }); _paq.push(['trackEvent']);
    new Ya.Metrika({}).reachGoal('x', f);
    pSUPERFLY.virtualPage(); COMSCORE.beacon({}); COMSCORE.purge();
    OBR.extern.reloadWidget(); Piwik.getTracker().trackPageView();
    sensorsDataAnalytic201505.track('x', {}, f);
    nitroAds.createAd('x', {}); pp_gemius_hit()`);
  p.settle();
  assert.equal(p.window.n, 6);
});
