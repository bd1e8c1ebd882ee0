/* Gemius: nothing is counted; players find the object that they call. */
(function (w) {
	'use strict';
	function noop() {}
	function Player() {}
	Player.prototype = { addPlayer: noop, addProgram: noop, addAd: noop,
		newProgram: noop, newAd: noop, programEvent: noop, adEvent: noop,
		setVideoObject: noop, dispose: noop };
	w.GemiusPlayer = Player;
	w.GemiusStream = w.GemiusStream || { newStream: noop, event: noop,
		closeStream: noop };
	w.gemius_hit = w.gemius_hit || noop;
	w.pp_gemius_hit = w.pp_gemius_hit || noop;
	w.gemius_event = w.gemius_event || noop;
	w.gemius_init = w.gemius_init || noop;
})(window);
