PRAGMA application_id = 1970497895;
PRAGMA user_version = 1;
CREATE TABLE head (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  seq      INTEGER NOT NULL,
  hash     TEXT    NOT NULL,
  next_app INTEGER NOT NULL
) STRICT;
CREATE TABLE audit (
  first_seq INTEGER PRIMARY KEY,
  entries   TEXT NOT NULL
) STRICT;
CREATE TABLE audit_apps (
  app       INTEGER NOT NULL,
  first_seq INTEGER NOT NULL REFERENCES audit (first_seq),
  PRIMARY KEY (app, first_seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE apps (
  id     INTEGER PRIMARY KEY,
  seq    INTEGER NOT NULL,
  record TEXT    NOT NULL
) STRICT;
CREATE TABLE users (
  app     INTEGER NOT NULL,
  user_id TEXT    NOT NULL,
  seq     INTEGER NOT NULL,
  record  TEXT    NOT NULL,
  PRIMARY KEY (app, user_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE once (
  key   TEXT    PRIMARY KEY,
  value TEXT    NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX apps_seq ON apps (seq);
CREATE INDEX users_seq ON users (seq);
CREATE INDEX once_until ON once (until);
INSERT INTO head VALUES (1, 21, '9990ab5f13291599239516a30dccf855d05274c5f74222d8fcaaff677342e061', 1400000003);
INSERT INTO audit VALUES (1, '{"seq":1,"at":"2026-11-23T17:11:06.483099028Z","caller":"init","action":"app.create","subject":"platform","outcome":"done","hash":"d2c3f170d98fa936b86f699c2795560cf37203641c0e7e6c4e2d0276fb9e3483"}
');
INSERT INTO audit VALUES (2, '{"seq":2,"at":"2026-11-23T17:11:06.486751989Z","caller":"init","action":"apikey.create","subject":"af6c8f014f575298","outcome":"done","hash":"acf91af310cd4ac15d8ed7d913ee9b86bc7dcc9d82903295eb81319925bca6ae"}
');
INSERT INTO audit VALUES (3, '{"seq":3,"at":"2026-11-23T17:11:06.867547383Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"XAV6FBGOTOFSGIQMRPEKEGSCVF","action":"app.create","sdkappid":1400000000,"subject":"demo","outcome":"done","hash":"0662e6b432778e2aa7316914f7e96bb735de150bfe67f2d3045f1155330995ce"}
');
INSERT INTO audit VALUES (4, '{"seq":4,"at":"2026-11-23T17:11:06.874731591Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"YF6YHIQEIIHWE6I6P4GLQH3RNF","action":"usersig.issue","sdkappid":1400000000,"subject":"dora","outcome":"done","hash":"560c0f002181f4e3ecb2d6bf40f2ba5abe1ec9acae3c088ab12daf11ef8ebf0b"}
');
INSERT INTO audit VALUES (5, '{"seq":5,"at":"2026-11-23T17:11:06.876931825Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"BK6UNX3QVDWC3RHL2XTO4RT5BT","action":"key.rotate","sdkappid":1400000000,"subject":"d023dbb831abf111","outcome":"done","detail":"yearly","hash":"ec8d56818856ace7ed412d8f51d13062fc77e36f783b8f620bd4b81d6762e999"}
');
INSERT INTO audit VALUES (6, '{"seq":6,"at":"2026-11-23T17:11:06.882217939Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"IPR4JNQZHA3ATXIS4UUO4U62VI","action":"usersig.issue","sdkappid":1400000000,"subject":"alice","outcome":"done","hash":"2f39d8ed244cab243fbe3579c2f6989b027349d62757b0caac2334894a4c0e93"}
');
INSERT INTO audit VALUES (7, '{"seq":7,"at":"2026-11-23T17:11:06.883922038Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"PZGIUBL3FDK744D6T3DJKNIYES","action":"usersig.issue","sdkappid":1400000000,"subject":"bob","outcome":"done","hash":"9b938d6886fc86963ee0557548997f378bcc3ae18ceca26ffc24f9adc4a115d1"}
');
INSERT INTO audit VALUES (8, '{"seq":8,"at":"2026-11-23T17:11:06.886122992Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"P4K72RTVUJDMI3LHJY2JT4VSIV","action":"usersig.issue","sdkappid":1400000000,"subject":"carol","outcome":"done","hash":"3fee98a5a7607232a004d9e8d8272fdf3f3d58364333870c0e650b063e77674b"}
');
INSERT INTO audit VALUES (9, '{"seq":9,"at":"2026-11-23T17:11:06.88802288Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"FZWOSCTFG6TUMPMVOW5KZZBUDC","action":"user.revoke","sdkappid":1400000000,"subject":"bob","outcome":"done","hash":"06de8a347a7fc8c25e7f419d7cd4637b0e7b6f6ea9c80a836127a98777f2e0ab"}
');
INSERT INTO audit VALUES (10, '{"seq":10,"at":"2026-11-23T17:11:07.002640586Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"5QNTN5IW7XHWE4WHWWI6HC4XXI","action":"user.block","sdkappid":1400000000,"subject":"carol","outcome":"done","detail":"until 2099-01-01T00:00:00Z","hash":"6d3eecb589d9b06abc242c43f3156859328ca8c56089fdd0a47a5a66e174fcf1"}
');
INSERT INTO audit VALUES (11, '{"seq":11,"at":"2026-11-23T17:11:07.010897604Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"B6GZB7VKYIOWS4EIHJ6VQIAZ6G","action":"app.create","sdkappid":1400000001,"subject":"demo","outcome":"done","hash":"36930f81749db8241e0c19cfea30d705f33574290b0960e084c59113c60713b5"}
');
INSERT INTO audit VALUES (12, '{"seq":12,"at":"2026-11-23T17:11:07.022039495Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"J77AOJWDRG3W56SYCZMA3BAPPW","action":"usersig.issue","sdkappid":1400000001,"subject":"dora","outcome":"done","hash":"7cb729bacf89126091cde77d853c0af9f38b0dd10cecd9a96b3d30d7d57f2fa8"}
');
INSERT INTO audit VALUES (13, '{"seq":13,"at":"2026-11-23T17:11:07.023884468Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"OY4RUGFWXAXVSQI2FZHHAXAT23","action":"key.rotate","sdkappid":1400000001,"subject":"b5953bdccac61495","outcome":"done","detail":"yearly","hash":"fe3fd938dc19591364acb28998508455191befbc6c185a7dca2308e049473b16"}
');
INSERT INTO audit VALUES (14, '{"seq":14,"at":"2026-11-23T17:11:07.030941414Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"7IUZZFP727PIEWXN6ZG53UMN4D","action":"usersig.issue","sdkappid":1400000001,"subject":"alice","outcome":"done","hash":"ae54a73ec47d98032b6f5708af66d549db5e87643383ff7ecc916e82569b5f5f"}
');
INSERT INTO audit VALUES (15, '{"seq":15,"at":"2026-11-23T17:11:07.032651079Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"6FUZ25KAW62KSWKWYAOKSUPSMK","action":"usersig.issue","sdkappid":1400000001,"subject":"bob","outcome":"done","hash":"28f3d63e77e5c326bd64867f45fdd5fc4f3ab35a330d15194e7bd573d16c41a2"}
');
INSERT INTO audit VALUES (16, '{"seq":16,"at":"2026-11-23T17:11:07.036881724Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"PWNDTAK4KFW5LUYWKIVRXDNJO6","action":"usersig.issue","sdkappid":1400000001,"subject":"carol","outcome":"done","hash":"f0f4906356948d4fdbce9790955de725534f5adbf74fc9743c6b6cbd20c5b8fd"}
');
INSERT INTO audit VALUES (17, '{"seq":17,"at":"2026-11-23T17:11:07.03864092Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"4VLRAGX4XMN5NM7EJQLJUG6WV5","action":"user.revoke","sdkappid":1400000001,"subject":"bob","outcome":"done","hash":"28b690cee1daf93e7605c235f4c4844c92f12bf69114edc6e39cb93fc541288c"}
');
INSERT INTO audit VALUES (18, '{"seq":18,"at":"2026-11-23T17:11:08.004580997Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"7KBYTO4EDOZI2OWNZI7MJQIWC3","action":"user.block","sdkappid":1400000001,"subject":"carol","outcome":"done","detail":"until 2099-01-01T00:00:00Z","hash":"12dd2f408a7c4d293638b47f18e54c5e58e91f99206cd6013fcd85fedb8dddaf"}
');
INSERT INTO audit VALUES (19, '{"seq":19,"at":"2026-11-23T17:11:08.018901539Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"YPOMGQDNHIOWBHHMB7UHQFS3IK","action":"app.create","sdkappid":1400000002,"subject":"demo","outcome":"done","hash":"2d6b895f531d15c655126b7a82d39034cbc6abc8730b05dfc9e12a1185aa8610"}
');
INSERT INTO audit VALUES (20, '{"seq":20,"at":"2026-11-23T17:11:08.025203563Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"LLL2CZQGK2MCEUZ456S3LOQT4D","action":"app.update","sdkappid":1400000002,"outcome":"done","detail":"state: stopped","hash":"5b6d49895a193c8c293c611ebb56b5c74015c0517fc24fbe63ac8e40b0687a36"}
');
INSERT INTO audit VALUES (21, '{"seq":21,"at":"2026-11-23T17:11:08.032665058Z","caller":"apikey:af6c8f014f575298","source":"127.0.0.1","request":"AFGEBAFMOUMJTDRYF5OIVUBMJI","action":"app.delete","sdkappid":1400000002,"outcome":"done","hash":"9990ab5f13291599239516a30dccf855d05274c5f74222d8fcaaff677342e061"}
');
INSERT INTO audit_apps VALUES (1400000000, 3);
INSERT INTO audit_apps VALUES (1400000000, 4);
INSERT INTO audit_apps VALUES (1400000000, 5);
INSERT INTO audit_apps VALUES (1400000000, 6);
INSERT INTO audit_apps VALUES (1400000000, 7);
INSERT INTO audit_apps VALUES (1400000000, 8);
INSERT INTO audit_apps VALUES (1400000000, 9);
INSERT INTO audit_apps VALUES (1400000000, 10);
INSERT INTO audit_apps VALUES (1400000001, 11);
INSERT INTO audit_apps VALUES (1400000001, 12);
INSERT INTO audit_apps VALUES (1400000001, 13);
INSERT INTO audit_apps VALUES (1400000001, 14);
INSERT INTO audit_apps VALUES (1400000001, 15);
INSERT INTO audit_apps VALUES (1400000001, 16);
INSERT INTO audit_apps VALUES (1400000001, 17);
INSERT INTO audit_apps VALUES (1400000001, 18);
INSERT INTO audit_apps VALUES (1400000002, 19);
INSERT INTO audit_apps VALUES (1400000002, 20);
INSERT INTO audit_apps VALUES (1400000002, 21);
INSERT INTO apps VALUES (0, 2, '{"app":{"sdkappid":0,"name":"platform","state":"running","settings":{"scheme":"","custody":"","max_ttl":0,"user_ids":"","require_privatemapkey":false},"created_at":"2026-11-23T17:11:06.483491121Z","updated_at":"2026-11-23T17:11:06.4871747Z"},"keys":null,"api_keys":[{"id":"af6c8f014f575298","name":"made by init","hash":"nx5KHIWz0fjrWZrC1+JVpkBZRBh6LVq6RY6QFH0g43A=","scopes":["operator"],"created_at":"2026-11-23T17:11:06.486746924Z","created_by":"init"}]}');
INSERT INTO apps VALUES (1400000000, 5, '{"app":{"sdkappid":1400000000,"name":"demo","state":"running","settings":{"scheme":"ecdsa","curve":"P-256","custody":"hosted","max_ttl":1576800000,"user_ids":"portable","require_privatemapkey":false},"created_at":"2026-11-23T17:11:06.867977386Z","updated_at":"2026-11-23T17:11:06.877726823Z"},"keys":[{"key_id":"471aab115bd114ad","scheme":"ecdsa","curve":"P-256","state":"retired","public_key":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAES6BbwhGRDqhg+bWTOSXfDeJCVqOe\nvUdFdboNm4tK+6sLGJjcYZC2y7/k04pO9Lb/m1r1/Yi7k3Hr5kj1nlZR/A==\n-----END PUBLIC KEY-----\n","created_at":"2026-11-23T17:11:06.869065128Z","created_by":"apikey:af6c8f014f575298","retire_at":"2076-11-10T17:11:06.877594044Z","ended_at":"2026-11-23T17:11:06.877594044Z","ended_by":"apikey:af6c8f014f575298","reason":"yearly"},{"key_id":"d023dbb831abf111","scheme":"ecdsa","curve":"P-256","state":"signing","public_key":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDye2YXtXRqR+XfoH+8u9rPmEbS2z\n0QqJKIzzZqWynzrtRPCad5Qvu3aKDJRNBWxDD0EtCOHSffQziYuEnIsolA==\n-----END PUBLIC KEY-----\n","sealed":"AUUAQQETQ4mkhUMBZJ6+gaxYgJApEjOBpEIvv2JOCpYErD6SVHaklBqnpbLJ5tHxNmxjYBODwMbxXCw/x2sSOWM5wC0aEoodghfVQXiomsd7XOz37k6ifOxChI8XUi5EJQr+vnTdLcpJVjy/KblINaschp4mmCXAQSzCHJOGnV3qkVTWH64ZgXm8M5fwg9yzUTQFJ+lUFNajT9s7QlzCD9UJlCDcXAPJTugf5mZ4QTvbxJiclHG8FseOLfCnM8kaGW5vkIH8IV/D9IfXw4F8rot/qh9B5VbmWKda0K2YCAbQUTHNqdtfp7e+e25CBkbFFMjR8UPotzY/zZYriz/gcdVXym5K2BkJ6B9oQKiMckz9SQgOBFjVNRxkA2cmBVOi5Y0icZODHO4Mk1G5GfIAEjoFvq7FfPZmfvu/7eHgm2CRRAMY8VZkhmWEOrGKC4d+fz0=","created_at":"2026-11-23T17:11:06.87759538Z","created_by":"apikey:af6c8f014f575298"}],"api_keys":null}');
INSERT INTO apps VALUES (1400000001, 13, '{"app":{"sdkappid":1400000001,"name":"demo","state":"running","settings":{"scheme":"hmac","custody":"hosted","max_ttl":1576800000,"user_ids":"portable","require_privatemapkey":false},"created_at":"2026-11-23T17:11:07.011113607Z","updated_at":"2026-11-23T17:11:07.024545854Z"},"keys":[{"key_id":"0915d440a3fc4154","scheme":"hmac","state":"retired","sealed":"AUgAQQETQ4mkQ5W22ROxJbB/X4Zid75H/3DW1/kDCrXwEKER0zhMVa7kzG/91tenGanCbqbYCnBONRbVp3LY24m7Npha1/4IYg3Nw0hHk5pjkzT1k4rIz/ZSict8A8JIYaJLGyithDgvozXapssS0fmBrDiygRKHAZpTp4zmZ+sP0Nw05HFE1OyW9S39WIqz1eemFEEW3u2WOl6Z3gU55XU=","created_at":"2026-11-23T17:11:07.012039163Z","created_by":"apikey:af6c8f014f575298","retire_at":"2076-11-10T17:11:07.024506488Z","ended_at":"2026-11-23T17:11:07.024506488Z","ended_by":"apikey:af6c8f014f575298","reason":"yearly"},{"key_id":"b5953bdccac61495","scheme":"hmac","state":"signing","sealed":"AUgAQQETQ4mkgTuCipAMFl5fwlu5qP6atV50O8NragMedueDWzgswFK6bu4KrJ21W0o7RnUwhPb3bQ0nkp9NHJbARe75OpIukbGPsejeZBU7dPmKR56YTBtOgU4RLPIcWRtybFmeWcfHat3jHAqt2iXIt1NH/Br9+dmc7uMyL/u4eJkTV1GB1f2bAethMFJG1dk8Cmf+CCPt2zyQbZmUfAM=","created_at":"2026-11-23T17:11:07.024507845Z","created_by":"apikey:af6c8f014f575298"}],"api_keys":null}');
INSERT INTO apps VALUES (1400000002, 21, '{"app":{"sdkappid":1400000002,"name":"demo","state":"deleted","settings":{"scheme":"ecdsa","curve":"P-256","custody":"hosted","max_ttl":15552000,"user_ids":"portable","require_privatemapkey":false},"created_at":"2026-11-23T17:11:08.019280573Z","updated_at":"2026-11-23T17:11:08.033265377Z"},"keys":[{"key_id":"0d95306fb4e71e31","scheme":"ecdsa","curve":"P-256","state":"dead","public_key":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyV0MH24GNA0g+W7dc54HCFbctrEf\n3gW1NB6Jne9dtFA395MW/qK0s9QJ3X35/ly1nNYuj8MERBG/w/NgU11RdA==\n-----END PUBLIC KEY-----\n","created_at":"2026-11-23T17:11:08.020373845Z","created_by":"apikey:af6c8f014f575298","ended_at":"2026-11-23T17:11:08.033264218Z","ended_by":"apikey:af6c8f014f575298","reason":"application deleted"}],"api_keys":null}');
INSERT INTO users VALUES (1400000000, 'bob', 9, '{"revoked_to":1795453866}');
INSERT INTO users VALUES (1400000000, 'carol', 10, '{"blocked_until":"2099-01-01T00:00:00Z"}');
INSERT INTO users VALUES (1400000001, 'bob', 17, '{"revoked_to":1795453867}');
INSERT INTO users VALUES (1400000001, 'carol', 18, '{"blocked_until":"2099-01-01T00:00:00Z"}');
