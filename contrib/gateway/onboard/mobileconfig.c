/*
 * Apple's configuration profile: our authority, the client's certificate if it
 * has one, and an IKEv2 connection with the proxy's PAC.
 *
 * Keys and their types are Apple's (device-management schema,
 * com.apple.vpn.managed); of the certificate payloads, com.apple.security.root
 * and com.apple.security.pkcs12. The password of a PKCS#12 is not in the
 * profile: the device asks for it, so that the file alone opens nothing.
 */
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "onboard/onboard.h"

/* What iOS takes for an IKEv2 link. */
#define MTU_MIN 1280
#define MTU_MAX 1400

struct plist {
	FILE *f;
	int depth;
};

static void
indent(const struct plist *p)
{
	for (int i = 0; i < p->depth; i++)
		fputc('\t', p->f);
}

/* Text as XML 1.0 takes it. What is no character of XML is left out. */
static void
escape(const char *text, FILE *f)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '&')
			fputs("&amp;", f);
		else if (c == '<')
			fputs("&lt;", f);
		else if (c == '>')
			fputs("&gt;", f);
		else if (c >= ' ' || c == '\t' || c == '\n')
			fputc(c, f);
	}
}

static void
key(const struct plist *p, const char *name)
{
	if (name == NULL)
		return;
	indent(p);
	fprintf(p->f, "<key>%s</key>\n", name);
}

static void
open_(struct plist *p, const char *name, const char *what)
{
	key(p, name);
	indent(p);
	fprintf(p->f, "<%s>\n", what);
	p->depth++;
}

static void
close_(struct plist *p, const char *what)
{
	p->depth--;
	indent(p);
	fprintf(p->f, "</%s>\n", what);
}

static void
string(const struct plist *p, const char *name, const char *value)
{
	key(p, name);
	indent(p);
	fputs("<string>", p->f);
	escape(value, p->f);
	fputs("</string>\n", p->f);
}

static void
integer(const struct plist *p, const char *name, int value)
{
	key(p, name);
	indent(p);
	fprintf(p->f, "<integer>%d</integer>\n", value);
}

static void
data(const struct plist *p, const char *name, const unsigned char *bytes,
    size_t len)
{
	char *text = gw_onboard_base64(bytes, len);

	key(p, name);
	indent(p);
	fprintf(p->f, "<data>%s</data>\n", text);
	free(text);
}

/* What every payload has. thing: "root", "vpn" ... */
static void
payload(const struct plist *p, const struct gw_onboard *o, const char *type,
    const char *thing, const char *display)
{
	char uuid[GW_UUID_TEXT], *id;

	/* A device replaces what has the same: not another server's. */
	if (asprintf(&id, "pared-gateway.%s.%s",
		gw_onboard_uuid(o, "client", uuid), thing) < 0)
		abort();
	gw_onboard_uuid(o, thing, uuid);
	string(p, "PayloadType", type);
	integer(p, "PayloadVersion", 1);
	string(p, "PayloadIdentifier", id);
	string(p, "PayloadUUID", uuid);
	string(p, "PayloadDisplayName", display);
	free(id);
}

static void
certificates(struct plist *p, const struct gw_onboard *o, const char *title)
{
	if (o->ca != NULL) {
		open_(p, NULL, "dict");
		payload(p, o, "com.apple.security.root", "root", title);
		string(p, "PayloadCertificateFileName", "authority.cer");
		data(p, "PayloadContent", o->ca, o->ca_len);
		close_(p, "dict");
	}
	if (o->p12 != NULL) {
		open_(p, NULL, "dict");
		payload(p, o, "com.apple.security.pkcs12", "identity",
		    o->client->name);
		string(p, "PayloadCertificateFileName", "identity.p12");
		data(p, "PayloadContent", o->p12, o->p12_len);
		close_(p, "dict");
	}
}

/*
 * The common name of our authority, by which a device asks the server for its
 * certificate. Of a server's that was brought none is named: whoever issued it
 * may issue the next by another authority of theirs.
 */
static void
issuer(const struct plist *p, const struct gw_onboard *o)
{
	const unsigned char *at = o->ca;
	X509 *cert = NULL;
	char name[256];

	if (at != NULL && o->tunnel->certificate == NULL)
		cert = d2i_X509(NULL, &at, (long)o->ca_len);
	if (cert != NULL &&
	    X509_NAME_get_text_by_NID(X509_get_subject_name(cert),
		NID_commonName, name, sizeof(name)) > 0)
		string(p, "ServerCertificateIssuerCommonName", name);
	X509_free(cert);
}

static void
authentication(const struct plist *p, const struct gw_onboard *o)
{
	char uuid[GW_UUID_TEXT];

	if (o->tunnel->auth == GW_AUTH_EAP) {
		string(p, "AuthenticationMethod", "None");
		integer(p, "ExtendedAuthEnabled", 1);
		string(p, "AuthName", o->client->name);
		if (o->client->password != NULL)
			string(p, "AuthPassword", o->client->password);
		return;
	}
	string(p, "AuthenticationMethod", "Certificate");
	integer(p, "ExtendedAuthEnabled", 0);
	string(p, "CertificateType", "ECDSA256");
	string(
	    p, "PayloadCertificateUUID", gw_onboard_uuid(o, "identity", uuid));
}

/* IKE's or a child's; group 19 is ECP-256. */
static void
association(struct plist *p, const char *name, int minutes)
{
	open_(p, name, "dict");
	string(p, "EncryptionAlgorithm", "AES-256-GCM");
	string(p, "IntegrityAlgorithm", "SHA2-256");
	integer(p, "DiffieHellmanGroup", 19);
	integer(p, "LifeTimeInMinutes", minutes);
	close_(p, "dict");
}

/* Up on every network, and again when it went down. The user's switch "connect
 * on demand" is left to him. */
static void
on_demand(struct plist *p)
{
	integer(p, "OnDemandEnabled", 1);
	open_(p, "OnDemandRules", "array");
	open_(p, NULL, "dict");
	string(p, "Action", "Connect");
	close_(p, "dict");
	close_(p, "array");
}

static void
ikev2(struct plist *p, const struct gw_onboard *o)
{
	const struct gw_tunnel *t = o->tunnel;

	open_(p, "IKEv2", "dict");
	string(p, "RemoteAddress", gw_onboard_host(o));
	string(p, "RemoteIdentifier", t->name);
	string(p, "LocalIdentifier", o->client->name);
	authentication(p, o);
	issuer(p, o);
	integer(p, "EnablePFS", 1);
	string(p, "DeadPeerDetectionRate", "Medium");
	integer(p, "DisableRedirect", 1);
	if (t->mtu >= MTU_MIN && t->mtu <= MTU_MAX)
		integer(p, "MTU", (int)t->mtu);
	association(p, "IKESecurityAssociationParameters", 1440);
	association(p, "ChildSecurityAssociationParameters", 480);
	on_demand(p);
	close_(p, "dict");
}

/* A proxy that is found by itself is turned off: the default is to look. */
static void
proxies(struct plist *p, const struct gw_onboard *o)
{
	open_(p, "Proxies", "dict");
	integer(p, "ProxyAutoDiscoveryEnable", 0);
	if (o->pac != NULL) {
		integer(p, "ProxyAutoConfigEnable", 1);
		string(p, "ProxyAutoConfigURLString", o->pac);
	}
	close_(p, "dict");
}

void
gw_mobileconfig_write(const struct gw_onboard *o, FILE *out)
{
	struct plist p = { .f = out };
	char *title = gw_onboard_title(o);

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
	      "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
	      "<plist version=\"1.0\">\n",
	    out);
	open_(&p, NULL, "dict");
	payload(&p, o, "Configuration", "profile", title);
	open_(&p, "PayloadContent", "array");
	certificates(&p, o, title);
	open_(&p, NULL, "dict");
	payload(&p, o, "com.apple.vpn.managed", "vpn", title);
	string(&p, "UserDefinedName", title);
	string(&p, "VPNType", "IKEv2");
	ikev2(&p, o);
	proxies(&p, o);
	close_(&p, "dict");
	close_(&p, "array");
	close_(&p, "dict");
	fputs("</plist>\n", out);
	free(title);
}
