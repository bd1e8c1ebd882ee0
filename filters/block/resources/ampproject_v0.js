/* AMP: shows the page that its style hides until the library is there. */
(function () {
	'use strict';
	var style;

	try {
		style = document.createElement('style');
		style.textContent = 'body{animation:none!important;' +
			'-webkit-animation:none!important;visibility:visible!important}';
		document.head.appendChild(style);
	} catch (e) {}
})();
