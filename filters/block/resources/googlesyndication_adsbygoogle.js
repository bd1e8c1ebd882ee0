/* AdSense: every place is told that there was nothing to show. */
(function (w) {
	'use strict';
	function unfilled() {
		var v, i;

		try {
			v = document.querySelectorAll('ins.adsbygoogle');
			for (i = 0; i < v.length; i++) {
				v[i].setAttribute('data-adsbygoogle-status', 'done');
				v[i].setAttribute('data-ad-status', 'unfilled');
			}
		} catch (e) {}
	}
	w.adsbygoogle = {
		loaded: true,
		length: 0,
		pageState: null,
		push: function () {
			setTimeout(unfilled, 1);
			return 0;
		}
	};
	unfilled();
})(window);
