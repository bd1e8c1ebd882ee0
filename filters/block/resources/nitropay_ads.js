/* NitroPay: places for ads are asked for and stay empty. */
(function (w) {
	'use strict';
	var queue = w.nitroAds && w.nitroAds.queue, i;

	function noop() {}
	function createAd() {
		return w.Promise ? w.Promise.resolve(null) : null;
	}
	w.nitroAds = {
		loaded: true,
		createAd: createAd,
		addUserToken: createAd,
		clearUserTokens: noop,
		loadAds: noop,
		stop: noop,
		queue: { length: 0, push: noop }
	};
	/* ['createAd', arguments, resolve] */
	for (i = 0; queue && i < queue.length; i++)
		if (queue[i] && typeof queue[i][2] === 'function')
			setTimeout((function (f) {
				return function () { f(null); };
			})(queue[i][2]), 1);
	try {
		document.dispatchEvent(new Event('nitroAds.loaded'));
	} catch (e) {}
})(window);
