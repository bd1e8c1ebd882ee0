/* Prebid: what is queued runs, bids are asked for and none come. */
(function (w) {
	'use strict';
	var pbjs = object(w.pbjs), queues = [pbjs.cmd, pbjs.que], i, j;

	function object(v) {
		return v && typeof v === 'object' ? v : {};
	}
	function noop() {}
	function list() { return []; }
	function map() { return {}; }
	function run(f) {
		if (typeof f !== 'function')
			return;
		try {
			f();
		} catch (e) {
			setTimeout(function () { throw e; }, 1);
		}
	}
	function fill(names, f) {
		for (var i = 0; i < names.length; i++)
			pbjs[names[i]] = f;
	}
	fill(['addAdUnits', 'aliasBidder', 'disableAnalytics', 'enableAnalytics',
		'markWinningBidAsUsed', 'mergeConfig', 'offEvent', 'onEvent',
		'registerAnalyticsAdapter', 'registerBidAdapter', 'removeAdUnit',
		'renderAd', 'setBidderConfig', 'setConfig',
		'setTargetingForAst', 'setTargetingForGPTAsync',
		'triggerUserSyncs'], noop);
	fill(['getAllPrebidWinningBids', 'getAllWinningBids',
		'getHighestCpmBids', 'getEvents', 'getUserIdsAsEids'], list);
	fill(['getAdserverTargeting', 'getBidResponses', 'getConfig',
		'getNoBids', 'getUserIds'], map);
	pbjs.requestBids = function (options) {
		var f = options && options.bidsBackHandler;

		if (typeof f === 'function')
			setTimeout(function () { f({}, false, ''); }, 1);
	};
	pbjs.adUnits = pbjs.adUnits || [];
	pbjs.libLoaded = true;
	pbjs.version = 'v0';
	w.pbjs = pbjs;
	pbjs.cmd = pbjs.que = { length: 0, push: function () {
		for (var i = 0; i < arguments.length; i++)
			run(arguments[i]);
		return 1;
	} };
	for (i = 0; i < 2; i++)
		for (j = 0; queues[i] && j < queues[i].length; j++)
			run(queues[i][j]);
})(window);
