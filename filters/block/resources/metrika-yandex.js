/* Yandex Metrika, tag.js and watch.js: callbacks run, nothing is sent. */
(function (w) {
	'use strict';
	var names = ['addFileExtension', 'destruct', 'enableAll', 'file',
		'params', 'setUserID', 'userParams', 'clickmap', 'trackLinks',
		'accurateTrackBounce', 'notBounce'], queue = w.ym && w.ym.a,
		waiting = [w.yandex_metrika_callbacks, w.yandex_metrika_callbacks2],
		i, j;

	function noop() {}
	function run(f) {
		if (typeof f === 'function')
			setTimeout(f, 1);
	}
	function options(args) {
		var i, v;

		for (i = 0; i < args.length; i++) {
			v = args[i];
			if (typeof v === 'function')
				run(v);
			else if (v && typeof v === 'object')
				run(v.callback);
		}
	}
	function Counter() {}
	for (i = 0; i < names.length; i++)
		Counter.prototype[names[i]] = noop;
	Counter.prototype.hit = Counter.prototype.extLink =
	    Counter.prototype.reachGoal = function () { options(arguments); };
	Counter.prototype.getClientID = function (f) {
		if (typeof f === 'function')
			setTimeout(function () { f(''); }, 1);
		return '';
	};
	w.Ya = w.Ya && typeof w.Ya === 'object' ? w.Ya : {};
	w.Ya.Metrika = w.Ya.Metrika2 = Counter;
	w.ym = function () { options(arguments); };
	for (i = 0; queue && i < queue.length; i++)
		options(queue[i] || []);
	for (i = 0; i < 2; i++)
		for (j = 0; waiting[i] && j < waiting[i].length; j++)
			run(waiting[i][j]);
})(window);
