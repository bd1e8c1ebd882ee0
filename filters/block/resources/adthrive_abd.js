/* AdThrive: there, with nothing to show and nothing detected. */
(function (w) {
	'use strict';
	var ads = object(w.adthrive), queue = ads.cmd, i;

	function object(v) {
		return v && typeof v === 'object' ? v : {};
	}
	function run(f) {
		if (typeof f === 'function')
			setTimeout(f, 1);
	}
	ads.abd = false;
	ads.siteAds = ads.siteAds || {};
	ads.cmd = { length: 0, push: run };
	w.adthrive = ads;
	for (i = 0; queue && i < queue.length; i++)
		run(queue[i]);
})(window);
