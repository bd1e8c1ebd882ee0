/* PopAds: its names are taken, so that nothing behind them runs. */
(function (w) {
	'use strict';
	function none(name) {
		try {
			Object.defineProperty(w, name, { value: {},
				configurable: false, writable: false });
		} catch (e) {}
	}
	none('PopAds');
	none('popns');
})(window);
