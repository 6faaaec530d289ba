/* proto/info.c - the fields in nats-server's order, left out as it does. */
#include "proto/info.h"

#include "base/buf.h"
#include "base/json.h"

static void put_str(struct json_writer *w, const char *key, struct slice s)
{
	json_key(w, key);
	json_str(w, s);
}

static void put_int(struct json_writer *w, const char *key, int64_t v)
{
	json_key(w, key);
	json_i64(w, v);
}

static void put_str_if(struct json_writer *w, const char *key, struct slice s)
{
	if (s.n > 0)
		put_str(w, key, s);
}

static void put_true_if(struct json_writer *w, const char *key, bool v)
{
	if (!v)
		return;
	json_key(w, key);
	json_bool(w, true);
}

static void put_urls(struct json_writer *w, const struct info *info)
{
	if (info->n_connect_urls == 0)
		return;
	json_key(w, "connect_urls");
	json_begin_array(w);
	for (size_t i = 0; i < info->n_connect_urls; i++)
		json_str(w, info->connect_urls[i]);
	json_end_array(w);
}

static void put_server(struct json_writer *w, const struct info *info)
{
	put_str(w, "server_id", info->server_id);
	put_str(w, "server_name", info->server_name.n > 0 ? info->server_name
	    : info->server_id);
	put_str(w, "version", info->version);
	put_int(w, "proto", info->proto);
	put_str_if(w, "git_commit", info->git_commit);
	put_str(w, "go", info->go);
	put_str(w, "host", info->host);
	put_int(w, "port", info->port);
	json_key(w, "headers");
	json_bool(w, info->headers);
	put_true_if(w, "auth_required", info->auth_required);
	put_true_if(w, "tls_required", info->tls_required);
	put_true_if(w, "tls_verify", info->tls_verify);
	put_true_if(w, "tls_available", info->tls_available);
	put_int(w, "max_payload", info->max_payload);
	put_true_if(w, "jetstream", info->jetstream);
}

static void put_client(struct json_writer *w, const struct info *info)
{
	if (info->client_id != 0) {
		json_key(w, "client_id");
		json_u64(w, info->client_id);
	}
	put_str_if(w, "client_ip", info->client_ip);
	put_str_if(w, "nonce", info->nonce);
	put_str_if(w, "cluster", info->cluster);
	put_str_if(w, "domain", info->domain);
	put_urls(w, info);
	put_true_if(w, "ldm", info->ldm);
	put_true_if(w, "connect_info", info->connect_info);
	put_str_if(w, "remote_account", info->remote_account);
	put_true_if(w, "acc_is_sys", info->acc_is_sys);
	if (info->api_lvl != 0)
		put_int(w, "api_lvl", info->api_lvl);
	put_str_if(w, "xkey", info->xkey);
	put_str_if(w, "mote", info->mote);
}

void info_write(const struct info *info, struct buf *out)
{
	struct json_writer w;

	buf_put_str(out, "INFO ");
	json_init(&w, out, 0);
	json_begin_object(&w);
	put_server(&w, info);
	put_client(&w, info);
	json_end_object(&w);
	buf_put_str(out, " \r\n");
}
