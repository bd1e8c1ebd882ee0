/* amzn_ads.js: tasks run, ads are none. */
(function (w) {
	'use strict';
	var ads, i, tasks;

	function noop() {}
	function later(f) {
		if (typeof f === 'function')
			setTimeout(f, 1);
	}
	if (w.amznads && w.amznads.pared)
		return;
	ads = { pared: true,
		getTokens: function () { return []; },
		getKeys: function () { return []; },
		getTargeting: function () { return {}; },
		getAdsCallback: function (id, f) { later(f); },
		getDisplayAdsAsync: function (a, b, c, f) { later(f); },
		doGetAdsAsync: function (a, f) { later(f); },
		hasAds: function () { return false; },
		isEmpty: function () { return true; },
		renderAd: noop, doAllTasks: noop, setTargeting: noop,
		setTargetingForGPTAsync: noop, setTargetingForGPTSync: noop,
		appendTargetingToAdServerUrl: function (url) { return url; },
		appendTargetingToQueryString: function (s) { return s; },
		appendScriptTag: noop, clearTargetingFromGPTAsync: noop,
		updateAds: noop, saveAds: noop, getAds: noop, doTask: noop,
		tryGetAdsAsync: function (a, f) { later(f); }
	};
	tasks = w.amznads && w.amznads.asyncTasks || w.amznads_tasks;
	w.amznads = ads;
	w.amzn_ads = w.amzn_ads || noop;
	w.aax_write = w.aax_write || noop;
	w.aax_render_ad = w.aax_render_ad || noop;
	for (i = 0; tasks && i < tasks.length; i++)
		later(tasks[i]);
})(window);
