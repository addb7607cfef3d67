CREATE SCHEMA usersig;
CREATE TABLE usersig.apps (
    id bigint NOT NULL,
    seq bigint NOT NULL,
    record text NOT NULL
);
CREATE TABLE usersig.audit (
    first_seq bigint NOT NULL,
    entries text NOT NULL
);
CREATE TABLE usersig.audit_apps (
    app bigint NOT NULL,
    first_seq bigint NOT NULL
);
CREATE TABLE usersig.head (
    one boolean NOT NULL,
    seq bigint NOT NULL,
    hash text NOT NULL,
    next_app bigint NOT NULL,
    CONSTRAINT head_one_check CHECK (one)
);
CREATE TABLE usersig.migrations (
    version integer NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE usersig.once (
    key text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL,
    until bigint NOT NULL
);
CREATE TABLE usersig.users (
    app bigint NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    record text NOT NULL
);
INSERT INTO usersig.apps VALUES (0, 2, '{"app":{"sdkappid":0,"name":"platform","state":"running","settings":{"scheme":"","custody":"","max_ttl":0,"user_ids":"","require_privatemapkey":false},"created_at":"2026-11-23T17:11:08.935830577Z","updated_at":"2026-11-23T17:11:08.948216197Z"},"keys":null,"api_keys":[{"id":"6cb5c8ed3513d984","name":"made by init","hash":"dcRjmCX69/9wQ33UehPcgPKFR56/o4sr3UzqapQOuAY=","scopes":["operator"],"created_at":"2026-11-23T17:11:08.947771973Z","created_by":"init"}]}');
INSERT INTO usersig.apps VALUES (1400000000, 5, '{"app":{"sdkappid":1400000000,"name":"demo","state":"running","settings":{"scheme":"ecdsa","curve":"P-256","custody":"hosted","max_ttl":1576800000,"user_ids":"portable","require_privatemapkey":false},"created_at":"2026-11-23T17:11:09.359012289Z","updated_at":"2026-11-23T17:11:09.382765938Z"},"keys":[{"key_id":"34a00b2802741744","scheme":"ecdsa","curve":"P-256","state":"retired","public_key":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE12dQmxZjKKD1d8crFWUj4B+g40pg\ntz1LS9fGXTwxtRJ5+TxkIqV0WRT+QJKHBlCzpJ2gJ+jUDXVv3FdHzH6tiA==\n-----END PUBLIC KEY-----\n","created_at":"2026-11-23T17:11:09.359903739Z","created_by":"apikey:6cb5c8ed3513d984","retire_at":"2076-11-10T17:11:09.382613432Z","ended_at":"2026-11-23T17:11:09.382613432Z","ended_by":"apikey:6cb5c8ed3513d984","reason":"yearly"},{"key_id":"32ea9399e884f498","scheme":"ecdsa","curve":"P-256","state":"signing","public_key":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE6lL8tnXO1LjsergcFQ/JNf/VuacI\nXb7fg7DSJCL3+bNTIn6Bumdc0PCTSnfGZ5Bf0mQlnqvatTqfD4XbTijG5g==\n-----END PUBLIC KEY-----\n","sealed":"AUUAQQF0HMQDBPu/j0Mc/8csr2+/14/fBzuPL2gJuQXKh7C7DizbeC+fJqiiKsLuhasryT5U4ylEI41XqKkr0bvQocajZQCefQ2zFwq5WPZ3tN4sWvzPNI5f0Vc1yvuQgRsKd79ZmA94GemS50dgMZ92Qnjz9IHAmGqRZZf13Qr978b2kdp+t1n6zuof2U0HR4E79pftwV7KihtJNVVQ8RidTs1E5WWZYymR4F/S8Lk4Vv3lffX0P0GWTVLOxIPhqUhw0qYbf/46pran/5n5455w2u2WjDO/OtM58+ga/wF+qbAM0zy2FNi57wOcv+2oIBDTGBJzP7uFNJ8SL+zAuZxSeEOK5qavh3Xg9tMY8h08OaME6ZHUpysvlEQEDOD2wQR9XsAiiTNbz4I7yzxOZalt2ZTmj9JWcdaeUvA7FVjrh/MrRnNbeRUKEhIUEzJFY/I=","created_at":"2026-11-23T17:11:09.382615002Z","created_by":"apikey:6cb5c8ed3513d984"}],"api_keys":null}');
INSERT INTO usersig.apps VALUES (1400000001, 13, '{"app":{"sdkappid":1400000001,"name":"demo","state":"running","settings":{"scheme":"hmac","custody":"hosted","max_ttl":1576800000,"user_ids":"portable","require_privatemapkey":false},"created_at":"2026-11-23T17:11:10.017011797Z","updated_at":"2026-11-23T17:11:10.027188427Z"},"keys":[{"key_id":"974ea858853fd652","scheme":"hmac","state":"retired","sealed":"AUgAQQF0HMQDRp4pR+sBFqKnOf/LWnv/MA3ms6Pu8KBe7QRVxP3CoQ9G4u+kT5obYMhWXVZOwpGPHRxUt6wlxhpxmRQ4taiivXjwmdicUgIXkfr6XTnC2L653rYvpthvfuBQOP4BEvRqTDLEiPXkXZcHmYuAUrmx1a5mphyNNmyBR61PRUZbT47UfRsQod1RfQiz8c3yfUQ/n+UpGU6iRRA=","created_at":"2026-11-23T17:11:10.017822351Z","created_by":"apikey:6cb5c8ed3513d984","retire_at":"2076-11-10T17:11:10.027157193Z","ended_at":"2026-11-23T17:11:10.027157193Z","ended_by":"apikey:6cb5c8ed3513d984","reason":"yearly"},{"key_id":"d954567eee313d0b","scheme":"hmac","state":"signing","sealed":"AUgAQQF0HMQDB7PUZrZwBLKp11KEDDrx8kmMblHDTKhRf13l84h3S6f9rKsNS0yWl+wk67ua/T9HAt9z7imaBG/odL6a847xQ/372tjKitb3GQSfzFo2DtCxcGGx8AgX6tpRhveCN8v3wledON5YlSRiXsAljNUqmfBn77t2Zkz+L98y1pu+qFrWzynnmLeJGUMikZ3U3DJ/qOvOd/XLuVg=","created_at":"2026-11-23T17:11:10.02715851Z","created_by":"apikey:6cb5c8ed3513d984"}],"api_keys":null}');
INSERT INTO usersig.apps VALUES (1400000002, 21, '{"app":{"sdkappid":1400000002,"name":"demo","state":"deleted","settings":{"scheme":"ecdsa","curve":"P-256","custody":"hosted","max_ttl":15552000,"user_ids":"portable","require_privatemapkey":false},"created_at":"2026-11-23T17:11:11.013544896Z","updated_at":"2026-11-23T17:11:11.023575632Z"},"keys":[{"key_id":"8c024be09ca66629","scheme":"ecdsa","curve":"P-256","state":"dead","public_key":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEgsbGNMX+xNL3p43FG7MTWR1QxW8M\nxAwPj/y87SKiv6jrcQLIRU5ZB1tsrmEaoq4UYgO2n3+0Dz9muZsthEJu4A==\n-----END PUBLIC KEY-----\n","created_at":"2026-11-23T17:11:11.013958772Z","created_by":"apikey:6cb5c8ed3513d984","ended_at":"2026-11-23T17:11:11.023574421Z","ended_by":"apikey:6cb5c8ed3513d984","reason":"application deleted"}],"api_keys":null}');
INSERT INTO usersig.audit VALUES (1, '{"seq":1,"at":"2026-11-23T17:11:08.934063336Z","caller":"init","action":"app.create","subject":"platform","outcome":"done","hash":"4979d2db6becbe8a6b51cbc724cacc160b6e889843b3493fbc40476b63e810a2"}
');
INSERT INTO usersig.audit VALUES (2, '{"seq":2,"at":"2026-11-23T17:11:08.947775905Z","caller":"init","action":"apikey.create","subject":"6cb5c8ed3513d984","outcome":"done","hash":"67fb83161bfa241bd1384847c2b44c3efd91153b2bebd45fa641bfb0af9a5a08"}
');
INSERT INTO usersig.audit VALUES (3, '{"seq":3,"at":"2026-11-23T17:11:09.358023396Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"IR7QGNMK55ASEE42P6JT5WXVGR","action":"app.create","sdkappid":1400000000,"subject":"demo","outcome":"done","hash":"9e4cd621ad85fd45feb891be17e824517bc3497cbbc8ea669fd9fc86886d4445"}
');
INSERT INTO usersig.audit VALUES (4, '{"seq":4,"at":"2026-11-23T17:11:09.376154289Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"AWW3VIMYUCPGVO6Z7BURFEKU42","action":"usersig.issue","sdkappid":1400000000,"subject":"dora","outcome":"done","hash":"44b1ba95e7b505704ed14d23c7fc29738b0eff5891ebce43fb236ba42acd5a5d"}
');
INSERT INTO usersig.audit VALUES (5, '{"seq":5,"at":"2026-11-23T17:11:09.378583984Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"BCV7EYZPRJJCI4GOPARTXPLJRO","action":"key.rotate","sdkappid":1400000000,"subject":"32ea9399e884f498","outcome":"done","detail":"yearly","hash":"7bdc3425d7a8d19f9714a69f13f228d5beb3b5dd0952dc5f9e18e40ab62bf27c"}
');
INSERT INTO usersig.audit VALUES (6, '{"seq":6,"at":"2026-11-23T17:11:09.38751857Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"W6KVJAAADBJPGRHIEUMU422LC6","action":"usersig.issue","sdkappid":1400000000,"subject":"alice","outcome":"done","hash":"89f9ef9563b203d68b99ef45f6a10419aaa4430dfc2f2bf7cae31b5f4c1b9f5d"}
');
INSERT INTO usersig.audit VALUES (7, '{"seq":7,"at":"2026-11-23T17:11:09.394913936Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"REA7ZSANCY5MF6J7YWCNADFLOF","action":"usersig.issue","sdkappid":1400000000,"subject":"bob","outcome":"done","hash":"fc8e3f99b0d571d0a470278f1c38422b0bc79bad6cacf4c1e77503233f7c51ce"}
');
INSERT INTO usersig.audit VALUES (8, '{"seq":8,"at":"2026-11-23T17:11:09.398857599Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"3O3FMSUOKANIF2WZTBXYURUVXE","action":"usersig.issue","sdkappid":1400000000,"subject":"carol","outcome":"done","hash":"3a77a7b218f55af139b846ee5724e0757355370bce671b9ed3c827611fd5b837"}
');
INSERT INTO usersig.audit VALUES (9, '{"seq":9,"at":"2026-11-23T17:11:09.402600297Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"V6QY4YX224ORKP76AQNCOXKB3F","action":"user.revoke","sdkappid":1400000000,"subject":"bob","outcome":"done","hash":"a32f6260a9df95be7d69813e2569dce9c21724ff1c689f66f44a3aaa8c473191"}
');
INSERT INTO usersig.audit VALUES (10, '{"seq":10,"at":"2026-11-23T17:11:10.00171291Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"LPT7OLD3IH5EXW77SEURQO5YK3","action":"user.block","sdkappid":1400000000,"subject":"carol","outcome":"done","detail":"until 2099-01-01T00:00:00Z","hash":"4e8f46fa473925b3dd81aefad78c7761e9870acee820843ee81951a17bfd9dc7"}
');
INSERT INTO usersig.audit VALUES (11, '{"seq":11,"at":"2026-11-23T17:11:10.016674474Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"YQ3A4QOXB4TDNTNY3XJTSKWKT4","action":"app.create","sdkappid":1400000001,"subject":"demo","outcome":"done","hash":"14cb53fcfc8c5b2e63fe977f0ea4d0e1678a29bb79a28cf822f00f16b6cda487"}
');
INSERT INTO usersig.audit VALUES (12, '{"seq":12,"at":"2026-11-23T17:11:10.023689708Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"FPNS5W5YM7QFUWCM2BHVBVCT7C","action":"usersig.issue","sdkappid":1400000001,"subject":"dora","outcome":"done","hash":"fb7d740e5cb222d6bf7f01390ae9705c4b993000c331c37ccc81f4f9409d1e69"}
');
INSERT INTO usersig.audit VALUES (13, '{"seq":13,"at":"2026-11-23T17:11:10.026438705Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"644SM2TF76LRFADHSCL34FDRVW","action":"key.rotate","sdkappid":1400000001,"subject":"d954567eee313d0b","outcome":"done","detail":"yearly","hash":"f497faf88a6ed99038f1e3668261f58b5873d5739add9ceb8c38275510aca4d1"}
');
INSERT INTO usersig.audit VALUES (14, '{"seq":14,"at":"2026-11-23T17:11:10.03147647Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"SSNUT5KCO7MHPCKOJM2RT5OXPS","action":"usersig.issue","sdkappid":1400000001,"subject":"alice","outcome":"done","hash":"725d82b7113c427083ff591676f529faa2191966a4826ef74872398a06a73778"}
');
INSERT INTO usersig.audit VALUES (15, '{"seq":15,"at":"2026-11-23T17:11:10.034632168Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"JDKI4E26BS4BUZGVERDXTL4FQL","action":"usersig.issue","sdkappid":1400000001,"subject":"bob","outcome":"done","hash":"51e8efc22c5e5d6882d37d17c8e1cea0535ccf6d1372dc8e68ca945fac685335"}
');
INSERT INTO usersig.audit VALUES (16, '{"seq":16,"at":"2026-11-23T17:11:10.037982965Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"NH4CBZSVGPTTBDYQJXN3CZXD6W","action":"usersig.issue","sdkappid":1400000001,"subject":"carol","outcome":"done","hash":"ae21083f8db134d853536942ac3c8f8e8403b8a10be7773bef4e8333b0564c4a"}
');
INSERT INTO usersig.audit VALUES (17, '{"seq":17,"at":"2026-11-23T17:11:10.042441641Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"JGEZ2QZOTQIINAIDKZ2RZYYNMP","action":"user.revoke","sdkappid":1400000001,"subject":"bob","outcome":"done","hash":"3546761e565ea8e712a72bccf5682a2b4a540cd320a409dbfaf18841ebb02a85"}
');
INSERT INTO usersig.audit VALUES (18, '{"seq":18,"at":"2026-11-23T17:11:11.002179742Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"WEHJNVGOCKGEAWDIKOGAG7O7VW","action":"user.block","sdkappid":1400000001,"subject":"carol","outcome":"done","detail":"until 2099-01-01T00:00:00Z","hash":"1cb4226d2678d57324a27ad240f39bc90126b0ad7b9e4d0cf51f32e28a69eb8e"}
');
INSERT INTO usersig.audit VALUES (19, '{"seq":19,"at":"2026-11-23T17:11:11.012931485Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"A6IUAB3UWCM6PLEW4R2VVEQ5LL","action":"app.create","sdkappid":1400000002,"subject":"demo","outcome":"done","hash":"db5081649c9eea06f2d5f58f65904734273248e5ede1250e8c6aa5d2e99a1402"}
');
INSERT INTO usersig.audit VALUES (20, '{"seq":20,"at":"2026-11-23T17:11:11.019429366Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"FR3PBV2KZALYYKWORDKEHZKOH7","action":"app.update","sdkappid":1400000002,"outcome":"done","detail":"state: stopped","hash":"e189861b5055b8098c4ccbe4eefab0150714dd790d7c0670aacf73ca1bda5e87"}
');
INSERT INTO usersig.audit VALUES (21, '{"seq":21,"at":"2026-11-23T17:11:11.022889586Z","caller":"apikey:6cb5c8ed3513d984","source":"127.0.0.1","request":"CBSV5SCY77FBAQB3YIKAFLGAG2","action":"app.delete","sdkappid":1400000002,"outcome":"done","hash":"699fa96245be06de7adea005977630e323f521a3722da66a0954d2a00b425729"}
');
INSERT INTO usersig.audit_apps VALUES (1400000000, 3);
INSERT INTO usersig.audit_apps VALUES (1400000000, 4);
INSERT INTO usersig.audit_apps VALUES (1400000000, 5);
INSERT INTO usersig.audit_apps VALUES (1400000000, 6);
INSERT INTO usersig.audit_apps VALUES (1400000000, 7);
INSERT INTO usersig.audit_apps VALUES (1400000000, 8);
INSERT INTO usersig.audit_apps VALUES (1400000000, 9);
INSERT INTO usersig.audit_apps VALUES (1400000000, 10);
INSERT INTO usersig.audit_apps VALUES (1400000001, 11);
INSERT INTO usersig.audit_apps VALUES (1400000001, 12);
INSERT INTO usersig.audit_apps VALUES (1400000001, 13);
INSERT INTO usersig.audit_apps VALUES (1400000001, 14);
INSERT INTO usersig.audit_apps VALUES (1400000001, 15);
INSERT INTO usersig.audit_apps VALUES (1400000001, 16);
INSERT INTO usersig.audit_apps VALUES (1400000001, 17);
INSERT INTO usersig.audit_apps VALUES (1400000001, 18);
INSERT INTO usersig.audit_apps VALUES (1400000002, 19);
INSERT INTO usersig.audit_apps VALUES (1400000002, 20);
INSERT INTO usersig.audit_apps VALUES (1400000002, 21);
INSERT INTO usersig.head VALUES (true, 21, '699fa96245be06de7adea005977630e323f521a3722da66a0954d2a00b425729', 1400000003);
INSERT INTO usersig.migrations VALUES (1, '2026-11-23 17:11:08.877911+00');
INSERT INTO usersig.users VALUES (1400000000, 'bob', 9, '{"revoked_to":1795453869}');
INSERT INTO usersig.users VALUES (1400000000, 'carol', 10, '{"blocked_until":"2099-01-01T00:00:00Z"}');
INSERT INTO usersig.users VALUES (1400000001, 'bob', 17, '{"revoked_to":1795453870}');
INSERT INTO usersig.users VALUES (1400000001, 'carol', 18, '{"blocked_until":"2099-01-01T00:00:00Z"}');
ALTER TABLE ONLY usersig.apps
    ADD CONSTRAINT apps_pkey PRIMARY KEY (id);
ALTER TABLE ONLY usersig.audit_apps
    ADD CONSTRAINT audit_apps_pkey PRIMARY KEY (app, first_seq);
ALTER TABLE ONLY usersig.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (first_seq);
ALTER TABLE ONLY usersig.head
    ADD CONSTRAINT head_pkey PRIMARY KEY (one);
ALTER TABLE ONLY usersig.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY usersig.once
    ADD CONSTRAINT once_pkey PRIMARY KEY (key);
ALTER TABLE ONLY usersig.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (app, user_id);
CREATE INDEX apps_seq ON usersig.apps USING btree (seq);
CREATE INDEX once_until ON usersig.once USING btree (until);
CREATE INDEX users_seq ON usersig.users USING btree (seq);
ALTER TABLE ONLY usersig.audit_apps
    ADD CONSTRAINT audit_apps_first_seq_fkey FOREIGN KEY (first_seq) REFERENCES usersig.audit(first_seq);
