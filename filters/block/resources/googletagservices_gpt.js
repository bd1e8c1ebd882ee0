/* Publisher tags: commands run, slots stay empty. */
(function (w) {
	'use strict';
	var tag = object(w.googletag), queue = tag.cmd, service, i;

	function object(v) {
		return v && typeof v === 'object' ? v : {};
	}
	function noop() {}
	function self() { return this; }
	function none() { return null; }
	function text() { return ''; }
	function list() { return []; }
	function yes() { return true; }
	function fill(to, names, f) {
		for (var i = 0; i < names.length; i++)
			to[names[i]] = f;
		return to;
	}
	function run(f) {
		if (typeof f !== 'function')
			return;
		try {
			f();
		} catch (e) {
			setTimeout(function () { throw e; }, 1);
		}
	}
	function slot(path, size, id) {
		var s = fill({}, ['addService', 'clearCategoryExclusions',
			'clearTargeting', 'defineSizeMapping', 'set',
			'setCategoryExclusion', 'setClickUrl',
			'setCollapseEmptyDiv', 'setConfig', 'setForceSafeFrame',
			'setSafeFrameConfig', 'setTargeting',
			'updateTargetingFromMap'], self);

		fill(s, ['getCategoryExclusions', 'getSizes', 'getTargeting',
			'getTargetingKeys', 'getAttributeKeys', 'getServices'],
			list);
		fill(s, ['get', 'getResponseInformation', 'getConfig'], none);
		fill(s, ['getContentUrl', 'getClickUrl'], text);
		s.getAdUnitPath = function () { return String(path || ''); };
		s.getSlotElementId = function () { return String(id || ''); };
		s.getSlotId = function () {
			return { getId: s.getSlotElementId,
				getName: s.getAdUnitPath, getDomId: s.getSlotElementId,
				getAdUnitPath: s.getAdUnitPath };
		};
		return s;
	}
	function passback() {
		return fill({}, ['display', 'get', 'set', 'setClickUrl',
			'setTagForChildDirectedTreatment', 'setTargeting',
			'updateTargetingFromMap'], self);
	}
	function mapping() {
		return { addSize: self, build: none };
	}
	service = fill({}, ['addEventListener', 'removeEventListener',
		'clearCategoryExclusions', 'clearTagForChildDirectedTreatment',
		'clearTargeting', 'collapseEmptyDivs', 'enableLazyLoad', 'set',
		'setCategoryExclusion', 'setCentering', 'setConfig',
		'setCookieOptions', 'setForceSafeFrame', 'setLocation',
		'setPrivacySettings', 'setPublisherProvidedId',
		'setRequestNonPersonalizedAds', 'setSafeFrameConfig',
		'setTagForChildDirectedTreatment',
		'setTagForUnderAgeOfConsent', 'setTargeting',
		'setVideoContent'], self);
	fill(service, ['disableInitialLoad', 'display', 'enableAsyncRendering',
		'enableSyncRendering', 'enableSingleRequest', 'enableVideoAds',
		'notifyUnfilledSlots', 'refresh', 'refreshAllSlots',
		'setImaContent', 'updateCorrelator'], noop);
	fill(service, ['getAttributeKeys', 'getSlots', 'getTargeting',
		'getTargetingKeys', 'getSlotIdMap'], list);
	fill(service, ['get', 'getConfig'], none);
	fill(service, ['getName', 'getVersion', 'getCorrelator'], text);
	fill(service, ['clear', 'isInitialLoadDisabled'], yes);
	service.definePassback = passback;
	service.defineOutOfPagePassback = passback;
	service.defineSlot = slot;

	tag.apiReady = true;
	tag.pubadsReady = true;
	tag.pubads = function () { return service; };
	tag.companionAds = tag.pubads;
	tag.content = tag.pubads;
	tag.sizeMapping = mapping;
	tag.defineSlot = slot;
	tag.defineOutOfPageSlot = function (path, id) {
		return slot(path, null, id);
	};
	tag.destroySlots = yes;
	tag.getEventLog = list;
	tag.getVersion = text;
	tag.secureSignalProviders = { push: noop, clearAllCache: noop };
	tag.encryptedSignalProviders = tag.secureSignalProviders;
	tag.enums = { OutOfPageFormat: {}, TrafficSource: {} };
	fill(tag, ['disablePublisherConsole', 'display', 'enableServices',
		'openConsole', 'setAdIframeTitle', 'setConfig'], noop);
	w.googletag = tag;
	tag.cmd = { length: 0, push: function () {
		for (var j = 0; j < arguments.length; j++)
			run(arguments[j]);
		return 1;
	} };
	/* A second run finds what this one left. */
	for (i = 0; queue && i < queue.length; i++)
		run(queue[i]);
})(window);
