/*
 * pared-gateway client: what a device is given, in the form that it takes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "authority.h"
#include "base/arena.h"
#include "base/conf_row.h"
#include "cmd_client.h"
#include "onboard/onboard.h"
#include "tunnel/key.h"
#include "tunnel/wireguard.h"

/* By enum gw_form. Bits: of which tunnels, by enum gw_tunnel_type. */
static const struct {
	const char *option;
	unsigned of;
} forms[GW_NFORMS] = {
	[GW_FORM_USUAL] = { "", ~0u },
	[GW_FORM_CONF] = { "--conf", 1u << GW_WIREGUARD },
	[GW_FORM_QR] = { "--qr", 1u << GW_WIREGUARD },
	[GW_FORM_SVG] = { "--svg", 1u << GW_WIREGUARD },
	[GW_FORM_MOBILECONFIG] = { "--mobileconfig", 1u << GW_IKEV2 },
	[GW_FORM_SSWAN] = { "--sswan", 1u << GW_IKEV2 },
	[GW_FORM_PS1] = { "--ps1", 1u << GW_IKEV2 },
	[GW_FORM_ANDROID] = { "--android", 1u << GW_IKEV2 },
	[GW_FORM_P12] = { "--p12", 1u << GW_IKEV2 },
};

int
gw_form_of(const struct pd_cmd_line *line, const bool flags[GW_NFORMS],
    enum gw_form *form)
{
	*form = GW_FORM_USUAL;
	for (int i = 0; i < GW_NFORMS; i++) {
		if (!flags[i])
			continue;
		if (*form != GW_FORM_USUAL)
			return pd_cmd_wrong(line, "%s and %s: one at a time",
			    forms[*form].option, forms[i].option);
		*form = (enum gw_form)i;
	}
	return PD_CMD_GO;
}

bool
gw_form_fits(
    const struct gw_config *c, const struct gw_tunnel *t, enum gw_form form)
{
	if ((forms[form].of & 1u << t->type) == 0) {
		fprintf(stderr,
		    "error: tunnel %s is of type %s, for which there is no "
		    "%s\n",
		    t->title, gw_tunnel_type_name(t->type), forms[form].option);
		return false;
	}
	if (form == GW_FORM_P12 && t->auth != GW_AUTH_CERTIFICATE) {
		fprintf(stderr,
		    "error: clients of tunnel %s have passwords, not "
		    "certificates\n",
		    t->title);
		return false;
	}
	if (form == GW_FORM_ANDROID && t->auth == GW_AUTH_CERTIFICATE) {
		fprintf(stderr,
		    "error: Android's own client takes RSA certificates "
		    "alone, and those of tunnel %s are ECDSA's; use --sswan "
		    "and the strongSwan app, or auth = \"eap\"\n",
		    t->title);
		return false;
	}
	if (c->endpoint == NULL &&
	    (t->type == GW_WIREGUARD ||
		(t->type == GW_PPTP && t->local_text == NULL))) {
		fprintf(stderr,
		    "error: what do clients dial? write endpoint = "
		    "\"vpn.example.org\" into gateway %s\n",
		    c->name);
		return false;
	}
	return true;
}

/* ---- WireGuard ---------------------------------------------------------- */

static char *
conf_text(const struct gw_onboard *o)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		abort();
	gw_wgconf_write(o, f);
	if (fclose(f) != 0)
		abort();
	return text;
}

/* Most terminals begin with 24 lines, and half a code is none. */
static void
note_terminal(const char *text)
{
	int columns = gw_qr_columns(text), lines = (columns + 1) / 2;
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 &&
	    (w.ws_col < columns || w.ws_row < lines))
		fprintf(stderr,
		    "the code needs a terminal of %d columns and %d lines, and "
		    "this one has %d and %d: make it larger, or its letters "
		    "smaller\n",
		    columns, lines, w.ws_col, w.ws_row);
}

static int
draw_in_terminal(const char *text)
{
	int r = gw_qr_terminal(text, stdout);

	fflush(stdout);
	if (r == 0)
		note_terminal(text);
	return r;
}

static int
show_conf(const struct gw_onboard *o, enum gw_form form, bool fresh)
{
	char *text = conf_text(o);
	bool code = form == GW_FORM_QR || form == GW_FORM_SVG;
	int r = 0;

	/* As it is made, the device has its own: that was said. */
	if (o->private_key == NULL && (code || !fresh))
		fprintf(stderr,
		    "%s: the private key of %s is not known here%s; a new one "
		    "comes by client add %s --again\n",
		    code ? "error" : "warning", o->client->name,
		    code ? ", and a code without it is of no use" : "",
		    o->client->name);
	if (code && o->private_key == NULL) {
		r = -1;
	} else if (form == GW_FORM_SVG) {
		r = gw_qr_svg(text, stdout);
	} else {
		if (form != GW_FORM_QR)
			fputs(text, stdout);
		/* Beside the text only where somebody looks at it. */
		if (form == GW_FORM_QR ||
		    (form == GW_FORM_USUAL && o->private_key != NULL &&
			isatty(STDOUT_FILENO)))
			r = draw_in_terminal(text);
	}
	OPENSSL_cleanse(text, strlen(text));
	free(text);
	return r < 0 ? GW_FAIL : GW_OK;
}

int
gw_store_key(const struct gw_config *c, struct gw_system *sys,
    const struct gw_tunnel *t, char public[GW_KEY_TEXT])
{
	char *path = gw_wireguard_key_path(c, t);
	uint8_t key[GW_KEY_LEN], pub[GW_KEY_LEN];
	int r = -1;

	if (t->key == NULL) {
		r = gw_key_ensure(sys, path, public);
		if (r < 0)
			fprintf(stderr, "error: %s\n", sys->why);
	} else if (gw_key_read(path, key) == 0 &&
		   gw_key_public(key, pub) == 0) {
		gw_key_text(pub, public);
		r = 0;
	} else {
		fprintf(stderr, "error: tunnel %s: key: %s: %s\n", t->title,
		    path,
		    errno == EILSEQ ? "it is no WireGuard key"
				    : strerror(errno));
	}
	OPENSSL_cleanse(key, sizeof(key));
	free(path);
	return r;
}

static int
show_wireguard(const struct gw_onboard *o, struct gw_system *sys,
    enum gw_form form, bool fresh)
{
	char public[GW_KEY_TEXT];
	struct gw_onboard whole;
	struct gw_facts facts;

	if (gw_store_key(o->conf, sys, o->tunnel, public) < 0)
		return GW_FAIL;
	gw_facts_read(&facts, o->conf->uplink);
	whole = *o;
	whole.server_key = public;
	whole.mtu = gw_wireguard_mtu(o->tunnel, facts.uplink_mtu);
	return show_conf(&whole, form, fresh);
}

/* ---- IKEv2 -------------------------------------------------------------- */

static int
show_ikev2_form(const struct gw_onboard *o, enum gw_form form)
{
	bool file = o->tunnel->auth == GW_AUTH_CERTIFICATE &&
		    form != GW_FORM_USUAL && form != GW_FORM_ANDROID;

	if (file && o->p12 == NULL) {
		fprintf(stderr,
		    "error: the key of %s's certificate was not kept; a new "
		    "one comes by client add %s --again %s\n",
		    o->client->name, o->client->name, forms[form].option);
		return GW_FAIL;
	}
	if (file)
		fprintf(stderr, "the certificate's password is %s\n",
		    o->p12_password);
	else if (o->client->password != NULL &&
		 (form == GW_FORM_SSWAN || form == GW_FORM_PS1))
		fprintf(stderr, "the device asks for user %s and password %s\n",
		    o->client->name, o->client->password);
	if (form == GW_FORM_MOBILECONFIG)
		gw_mobileconfig_write(o, stdout);
	else if (form == GW_FORM_SSWAN)
		gw_sswan_write(o, stdout);
	else if (form == GW_FORM_PS1)
		gw_powershell_write(o, stdout);
	else if (form == GW_FORM_ANDROID)
		gw_android_write(o, stdout);
	else if (form == GW_FORM_P12)
		fwrite(o->p12, 1, o->p12_len, stdout);
	else
		gw_typed_write(o, stdout);
	return GW_OK;
}

static int
show_ikev2(const struct gw_onboard *o, struct gw_system *sys, enum gw_form form)
{
	struct gw_onboard whole = *o;
	char *dir = gw_store_authority(sys);
	unsigned char *ca = NULL;
	int rc = GW_FAIL;

	/* A certificate that the administrator brought is one that devices
	 * know. */
	if ((o->tunnel->certificate == NULL || o->p12 != NULL) &&
	    (gw_authority_prepare(sys, dir, NULL) < 0 ||
		gw_authority_der(dir, &ca, &whole.ca_len) < 0))
		fprintf(stderr, "error: %s\n",
		    sys->why[0] != '\0' ? sys->why
					: "the authority cannot be read");
	else
		rc = GW_OK;
	whole.ca = ca;
	if (rc == GW_OK)
		rc = show_ikev2_form(&whole, form);
	free(ca);
	free(dir);
	return rc;
}

/* ---- which -------------------------------------------------------------- */

/* What was kept of a certificate. */
static unsigned char *
read_kept(struct gw_system *sys, const struct gw_client *cl, size_t *len)
{
	unsigned char *bytes = NULL;
	char *path;
	FILE *f;

	*len = 0;
	if (asprintf(&path, "%s/clients/%s.p12", sys->state_dir, cl->name) < 0)
		abort();
	f = fopen(path, "re");
	free(path);
	if (f == NULL)
		return NULL;
	bytes = pd_xalloc(PD_CONF_FILE_MAX);
	*len = fread(bytes, 1, PD_CONF_FILE_MAX, f);
	fclose(f);
	return bytes;
}

/* The shell made the file, by its umask. */
static void
note_readers(void)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		fputs("warning: there is a secret in this file, and others may "
		      "read it; chmod 600 it\n",
		    stderr);
}

int
gw_form_show(const struct gw_config *c, struct gw_system *sys,
    const struct gw_client *cl, enum gw_form form, const struct gw_fresh *fresh)
{
	const struct gw_tunnel *t = gw_config_tunnel(c, cl->tunnel);
	struct gw_onboard o = { .conf = c, .tunnel = t, .client = cl };
	unsigned char *kept = NULL;
	char *pac;
	int rc;

	if (t == NULL) {
		fprintf(stderr,
		    "error: tunnel %s is not in the configuration any more\n",
		    cl->tunnel);
		return GW_FAIL;
	}
	if (!gw_form_fits(c, t, form))
		return GW_FAIL;
	pac = gw_pac_url(c, t);
	o.pac = pac;
	o.private_key = fresh != NULL ? fresh->private_key : cl->private_key;
	if (fresh != NULL && fresh->p12 != NULL) {
		o.p12 = fresh->p12;
		o.p12_len = fresh->p12_len;
		o.p12_password = fresh->p12_password;
	} else if (t->type == GW_IKEV2 && cl->certificate != NULL) {
		o.p12 = kept = read_kept(sys, cl, &o.p12_len);
		o.p12_password = cl->password != NULL ? cl->password : "-";
	}
	if (t->type == GW_WIREGUARD) {
		rc = show_wireguard(&o, sys, form, fresh != NULL);
	} else if (t->type == GW_IKEV2) {
		rc = show_ikev2(&o, sys, form);
	} else {
		gw_typed_write(&o, stdout);
		rc = GW_OK;
	}
	if (rc == GW_OK && (t->type != GW_WIREGUARD || o.private_key != NULL))
		note_readers();
	free(kept);
	free(pac);
	return rc;
}
