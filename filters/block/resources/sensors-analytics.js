/* Sensors Analytics: calls are taken, callbacks run, nothing is sent. */
(function (w) {
	'use strict';
	var names = ['init', 'setProfile', 'setOnceProfile', 'appendProfile',
		'incrementProfile', 'deleteProfile', 'unsetProfile', 'identify',
		'registerPage', 'register', 'registerOnce', 'clearAllRegister',
		'clearPageRegister', 'trackSignup', 'trackAllHeatMap', 'logout',
		'setItem', 'deleteItem', 'on', 'use', 'bind', 'unbind',
		'autoTrack', 'autoTrackSinglePage', 'autoTrackWithoutProfile',
		'resetAnonymousIdentity'], sensors, i, name;

	function last(args) {
		var f = args[args.length - 1];

		if (typeof f === 'function')
			setTimeout(f, 1);
	}
	name = typeof w.sensorsDataAnalytic201505 === 'string' ?
		w.sensorsDataAnalytic201505 : null;
	sensors = function () {};
	for (i = 0; i < names.length; i++)
		sensors[names[i]] = function () {};
	sensors.track = sensors.login = sensors.trackLink = sensors.trackHeatMap =
	    sensors.ready = sensors.quick = function () { last(arguments); };
	sensors.getPresetProperties = sensors.getAllSuperProps =
	    function () { return {}; };
	sensors.getAnonymousID = sensors.getDistinctID =
	    function () { return ''; };
	sensors.store = { getDistinctId: sensors.getDistinctID,
		getProps: sensors.getPresetProperties };
	sensors.para = {};
	w.sensorsDataAnalytic201505 = sensors;
	w.sensors = w.sensors || sensors;
	if (name)
		w[name] = sensors;
})(window);
