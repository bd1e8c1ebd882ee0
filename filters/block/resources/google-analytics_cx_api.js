/* Content experiments: always the original. */
(function (w) {
	'use strict';
	function noop() {}
	w.cxApi = {
		NO_CHOSEN_VARIATION: -1,
		NOT_PARTICIPATING: -2,
		ORIGINAL_VARIATION: 0,
		chooseVariation: function () { return 0; },
		getChosenVariation: function () { return 0; },
		setAllowHash: noop,
		setChosenVariation: noop,
		setCookiePath: noop,
		setDomainName: noop
	};
})(window);
