#include "filters/image/sniff.h"

#include "filters/image/sniff_part.h"

enum pd_image_format
pd_sniff_format(const uint8_t *p, size_t n)
{
	struct bytes b = { .p = p, .n = n };

	if (n < PD_SNIFF_MIN)
		return PD_IMAGE_NONE;
	if (STARTS(&b, "\xff\xd8\xff"))
		return PD_IMAGE_JPEG;
	if (STARTS(&b, "\x89PNG\r\n\x1a\n"))
		return PD_IMAGE_PNG;
	if (STARTS(&b, "GIF87a") || STARTS(&b, "GIF89a"))
		return PD_IMAGE_GIF;
	if (STARTS(&b, "RIFF") && memcmp(p + 8, "WEBPVP8", 7) == 0)
		return PD_IMAGE_WEBP;
	if (memcmp(p + 4, "ftypavi", 7) == 0 && (p[11] == 'f' || p[11] == 's'))
		return PD_IMAGE_AVIF;
	return PD_IMAGE_NONE;
}

/* Out of the first directory (TIFF 6.0; EXIF 2.3, 4.6.4). */
uint8_t
pd_sniff_exif(struct bytes t)
{
	bool little;
	uint32_t at;
	unsigned count;

	if (STARTS(&t, "II\x2a\0"))
		little = true;
	else if (STARTS(&t, "MM\0\x2a"))
		little = false;
	else
		return 1;
	t.at = 4;
	if (little) {
		at = get32le(&t);
	} else {
		at = get32(&t);
	}
	if (t.bad || at > t.n)
		return 1;
	t.at = at;
	count = little ? get16le(&t) : get16(&t);
	for (unsigned i = 0; i < count && !t.bad; i++) {
		struct bytes e = part(&t, 12);
		uint16_t tag = little ? get16le(&e) : get16(&e);
		uint16_t type = little ? get16le(&e) : get16(&e);
		uint16_t value;

		e.at = e.n < 8 ? e.n : 8;
		value = little ? get16le(&e) : get16(&e);
		if (tag == 0x0112 && type == 3 && !e.bad)
			return value >= 1 && value <= 8 ? (uint8_t)value : 1;
	}
	return 1;
}

int
pd_sniff(const uint8_t *p, size_t n, struct pd_image_info *info)
{
	struct bytes b = { .p = p, .n = n };
	int rc = -1;

	*info = (struct pd_image_info){ .orientation = 1 };
	info->format = pd_sniff_format(p, n);
	switch (info->format) {
	case PD_IMAGE_JPEG:
		rc = pd_sniff_jpeg(b, info);
		break;
	case PD_IMAGE_PNG:
		rc = pd_sniff_png(b, info);
		break;
	case PD_IMAGE_GIF:
		rc = pd_sniff_gif(b, info);
		break;
	case PD_IMAGE_WEBP:
		rc = pd_sniff_webp(b, info);
		break;
	case PD_IMAGE_AVIF:
		rc = pd_sniff_avif(b, info);
		break;
	case PD_IMAGE_NONE:
		break;
	}
	if (!info->animated) {
		info->frames = 1;
		info->frame_pixels = (uint64_t)info->width * info->height;
	}
	return rc;
}

const char *
pd_image_type(enum pd_image_format format)
{
	switch (format) {
	case PD_IMAGE_JPEG:
		return "image/jpeg";
	case PD_IMAGE_PNG:
		return "image/png";
	case PD_IMAGE_GIF:
		return "image/gif";
	case PD_IMAGE_WEBP:
		return "image/webp";
	case PD_IMAGE_AVIF:
		return "image/avif";
	case PD_IMAGE_NONE:
		break;
	}
	return NULL;
}
