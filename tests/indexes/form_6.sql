-- A catalogue of form 6 that lay at /srv/form6/data, as the release before form 7 wrote it: documents of an admin, of a rule,
-- closed by hand, uploaded by the admin and by the key wiki, ingested by wiki from a shared folder; vectors left out.
CREATE TABLE about (
	document_id VARCHAR NOT NULL,
	author VARCHAR NOT NULL,
	created VARCHAR,
	modified VARCHAR,
	tags VARCHAR NOT NULL,
	valid_from VARCHAR,
	attached VARCHAR NOT NULL,
	language VARCHAR DEFAULT '' NOT NULL,
	sketch BLOB DEFAULT (x'') NOT NULL,
	notes VARCHAR,
	groups_from VARCHAR,
	PRIMARY KEY (document_id),
	FOREIGN KEY(document_id) REFERENCES documents (id)
);
INSERT INTO "about" VALUES('58d16e5cd8213567','',NULL,NULL,'[]',NULL,'[]','',X'','[]','');
INSERT INTO "about" VALUES('b10293142166bad9','',NULL,NULL,'[]',NULL,'[]','',X'','[]','hand');
INSERT INTO "about" VALUES('d53df0eaed342dfc','',NULL,NULL,'[]',NULL,'[]','',X'','[]','ingestion');
INSERT INTO "about" VALUES('cf7bb15cca8f84b0','',NULL,NULL,'[]',NULL,'[]','',X'','[]','');
INSERT INTO "about" VALUES('bb8484a15c0d5434','',NULL,NULL,'[]',NULL,'[]','',X'','[]','');
INSERT INTO "about" VALUES('454ba677c2691f83','',NULL,NULL,'[]',NULL,'[]','',X'','[]','ingestion');
INSERT INTO "about" VALUES('811b81c6055b9c07','',NULL,NULL,'[]',NULL,'[]','',X'','[]','ingestion');
CREATE TABLE attempts (
	job_id VARCHAR NOT NULL,
	document VARCHAR NOT NULL,
	starts INTEGER NOT NULL,
	"left" INTEGER NOT NULL,
	PRIMARY KEY (job_id, document)
);
CREATE TABLE chunks (
	number INTEGER NOT NULL,
	id VARCHAR NOT NULL,
	document_id VARCHAR NOT NULL,
	ordinal INTEGER NOT NULL,
	title VARCHAR NOT NULL,
	text VARCHAR NOT NULL,
	index_text VARCHAR NOT NULL,
	headings VARCHAR NOT NULL,
	header VARCHAR NOT NULL,
	pages VARCHAR NOT NULL,
	start INTEGER NOT NULL,
	"end" INTEGER NOT NULL,
	PRIMARY KEY (number),
	UNIQUE (id),
	FOREIGN KEY(document_id) REFERENCES documents (id)
);
INSERT INTO "chunks" VALUES(1,'58d16e5cd8213567@4c0b694f6be2#0','58d16e5cd8213567',0,'open','Open to all.','open
Open to all.','[]','','[]',0,12);
INSERT INTO "chunks" VALUES(2,'b10293142166bad9@fd4cdfbf92d1#0','b10293142166bad9',0,'hand','Closed by hand.','hand
Closed by hand.','[]','','[]',0,15);
INSERT INTO "chunks" VALUES(3,'d53df0eaed342dfc@9bce8075ab6c#0','d53df0eaed342dfc',0,'pay','The pay of everybody.','pay
The pay of everybody.','[]','','[]',0,21);
INSERT INTO "chunks" VALUES(4,'cf7bb15cca8f84b0@52bce8968457#0','cf7bb15cca8f84b0',0,'leave','Leave by rule.','leave
Leave by rule.','[]','','[]',0,14);
INSERT INTO "chunks" VALUES(5,'bb8484a15c0d5434@bd2dfe115fbb#0','bb8484a15c0d5434',0,'admin','Of the admin.','admin
Of the admin.','[]','','[]',0,13);
INSERT INTO "chunks" VALUES(6,'454ba677c2691f83@7d19990cf342#0','454ba677c2691f83',0,'mine','Of the wiki.','mine
Of the wiki.','[]','','[]',0,12);
INSERT INTO "chunks" VALUES(7,'811b81c6055b9c07@3bf51b884bfc#0','811b81c6055b9c07',0,'note','A note for all.','note
A note for all.','[]','','[]',0,15);
CREATE TABLE collections (
	name VARCHAR NOT NULL,
	PRIMARY KEY (name)
);
INSERT INTO "collections" VALUES('default');
CREATE TABLE documents (
	id VARCHAR NOT NULL,
	collection VARCHAR NOT NULL,
	document VARCHAR NOT NULL,
	version VARCHAR NOT NULL,
	sha256 VARCHAR NOT NULL,
	size INTEGER NOT NULL,
	mtime_ns INTEGER NOT NULL,
	media_type VARCHAR NOT NULL,
	title VARCHAR NOT NULL,
	page_count INTEGER,
	chunks INTEGER NOT NULL,
	groups VARCHAR NOT NULL,
	indexed_at VARCHAR NOT NULL,
	source VARCHAR NOT NULL,
	characters INTEGER NOT NULL,
	text VARCHAR NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (collection, document),
	FOREIGN KEY(collection) REFERENCES collections (name)
);
INSERT INTO "documents" VALUES('58d16e5cd8213567','default','open.md','4c0b694f6be2','ea89a825a857bf5e40f882d77d93bd7338fd1e85b6a8cf7b6ef6a82374132e2a',12,1796097043883495540,'text/markdown','open',NULL,1,'[]','2026-12-01T03:50:48.281+00:00','/srv/form6/open.md',12,'Open to all.');
INSERT INTO "documents" VALUES('b10293142166bad9','default','hand.md','fd4cdfbf92d1','15ce6ea51174b42b6ec8773f16c8365267d01c370044326a6fb676f4684420e5',15,1796097043883553930,'text/markdown','hand',NULL,1,'["board"]','2026-12-01T03:50:50.412+00:00','/srv/form6/docs',15,'Closed by hand.');
INSERT INTO "documents" VALUES('d53df0eaed342dfc','default','pay.md','9bce8075ab6c','561e52aa23a945fab0a0ca1e06e08f3561497be1553429ce06b87673c53c43ac',21,1796097043883429897,'text/markdown','pay',NULL,1,'["hr"]','2026-12-01T03:50:50.414+00:00','/srv/form6/docs',21,'The pay of everybody.');
INSERT INTO "documents" VALUES('cf7bb15cca8f84b0','default','policies/leave.md','52bce8968457','18fb81246053079b5d8ef30f7b9d7f34fb96a3e21dd08b49b4c93e8293221374',14,1796097043883613021,'text/markdown','leave',NULL,1,'["staff"]','2026-12-01T03:50:50.421+00:00','/srv/form6/docs',14,'Leave by rule.');
INSERT INTO "documents" VALUES('bb8484a15c0d5434','default','admin.md','bd2dfe115fbb','4b42e894e14856d436fd34998c02397459d398753046e4caa5dfedcdc6bbab01',13,1796097050545260957,'text/markdown','admin',NULL,1,'[]','2026-12-01T03:50:51.994+00:00','/srv/form6/data/uploads/default',13,'Of the admin.');
INSERT INTO "documents" VALUES('454ba677c2691f83','default','@wiki/mine.md','7d19990cf342','5faa94a791b9c5a6e92fa0a6aed3c63a43977ef565f06a0035155ed1c147780a',12,1796097052077026965,'text/markdown','mine',NULL,1,'["staff"]','2026-12-01T03:50:53.617+00:00','/srv/form6/data/uploads-of-keys/@wiki/default',12,'Of the wiki.');
INSERT INTO "documents" VALUES('811b81c6055b9c07','default','note.md','3bf51b884bfc','c02435ce2e5a00fee6e2eb317b057e1910d48a642b2808ab969668810b74a31d',15,1796097043883704773,'text/markdown','note',NULL,1,'["staff"]','2026-12-01T03:50:55.341+00:00','/srv/form6/shared',15,'A note for all.');
CREATE TABLE embeddings (
	number INTEGER NOT NULL,
	vector BLOB NOT NULL,
	PRIMARY KEY (number),
	FOREIGN KEY(number) REFERENCES chunks (number)
);
CREATE TABLE intents (
	document_id VARCHAR NOT NULL,
	version VARCHAR NOT NULL,
	collection VARCHAR NOT NULL,
	chunks INTEGER NOT NULL,
	PRIMARY KEY (document_id, version)
);
CREATE TABLE job_documents (
	job_id VARCHAR NOT NULL,
	document VARCHAR NOT NULL,
	todo INTEGER,
	status VARCHAR,
	code VARCHAR,
	reason VARCHAR,
	chunks INTEGER NOT NULL,
	PRIMARY KEY (job_id, document),
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
INSERT INTO "job_documents" VALUES('fe3ceeccf5ea4737','open.md',NULL,'indexed',NULL,NULL,1);
INSERT INTO "job_documents" VALUES('eb1b68e15605459e','hand.md',NULL,'indexed',NULL,NULL,1);
INSERT INTO "job_documents" VALUES('eb1b68e15605459e','pay.md',NULL,'indexed',NULL,NULL,1);
INSERT INTO "job_documents" VALUES('eb1b68e15605459e','policies/leave.md',NULL,'indexed',NULL,NULL,1);
INSERT INTO "job_documents" VALUES('5fbe71f08ada4a7b','admin.md',NULL,'indexed',NULL,NULL,1);
INSERT INTO "job_documents" VALUES('d8bfc7d525744818','@wiki/mine.md',NULL,'indexed',NULL,NULL,1);
INSERT INTO "job_documents" VALUES('86b8fcb94a0a475c','note.md',NULL,'indexed',NULL,NULL,1);
CREATE TABLE jobs (
	id VARCHAR NOT NULL,
	collection VARCHAR NOT NULL,
	source VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	created VARCHAR NOT NULL,
	finished VARCHAR,
	report VARCHAR,
	number INTEGER,
	runner VARCHAR,
	attempt INTEGER,
	started VARCHAR,
	heartbeat VARCHAR,
	cancelling BOOLEAN,
	only_failed BOOLEAN,
	unchanged INTEGER,
	request_key VARCHAR,
	request_digest VARCHAR,
	include VARCHAR,
	exclude VARCHAR,
	begun_by VARCHAR,
	groups VARCHAR,
	PRIMARY KEY (id)
);
INSERT INTO "jobs" VALUES('fe3ceeccf5ea4737','default','/srv/form6/open.md','COMPLETED','2026-12-01T03:50:45.157+00:00','2026-12-01T03:50:48.311+00:00','{"seconds": 2.113}',1,'service',1,'2026-12-01T03:50:46.198+00:00','2026-12-01T03:50:46.198+00:00',0,0,0,'7','92aafdaa6735efe2fc1aa8e83fd4579ce661a28fb8b27ecdd0bfd1bbf91ab7ad','[]','[]','',NULL);
INSERT INTO "jobs" VALUES('eb1b68e15605459e','default','/srv/form6/docs','COMPLETED','2026-12-01T03:50:48.736+00:00','2026-12-01T03:50:50.458+00:00','{"seconds": 1.682}',2,'service',1,'2026-12-01T03:50:48.777+00:00','2026-12-01T03:50:48.777+00:00',0,0,0,NULL,'d61ec354a9493d613a5daf7c90b85aab35d8c8e3c83323002bbc1d807e99db3f','[]','[]','root','["hr"]');
INSERT INTO "jobs" VALUES('5fbe71f08ada4a7b','default','/srv/form6/data/uploads/default','COMPLETED','2026-12-01T03:50:50.549+00:00','2026-12-01T03:50:52.045+00:00','{"seconds": 1.413}',3,'service',1,'2026-12-01T03:50:50.633+00:00','2026-12-01T03:50:50.633+00:00',0,0,0,NULL,'cecd48a437ec4121d6b6eb36c02f033d8a3dbff31ab70b48942d44169f32b559','[]','[]','root',NULL);
INSERT INTO "jobs" VALUES('d8bfc7d525744818','default','/srv/form6/data/uploads-of-keys/@wiki/default','COMPLETED','2026-12-01T03:50:52.077+00:00','2026-12-01T03:50:53.657+00:00','{"seconds": 1.472}',4,'service',1,'2026-12-01T03:50:52.184+00:00','2026-12-01T03:50:52.184+00:00',0,0,0,'wiki 1','19b36ea008a171f7629bdadb3065ffb14d54cb8cdfc8a73a399af996f8b35239','["/@wiki/mine.md"]','[]','wiki','["staff"]');
INSERT INTO "jobs" VALUES('86b8fcb94a0a475c','default','/srv/form6/shared','COMPLETED','2026-12-01T03:50:53.718+00:00','2026-12-01T03:50:55.373+00:00','{"seconds": 1.604}',5,'service',1,'2026-12-01T03:50:53.769+00:00','2026-12-01T03:50:53.769+00:00',0,0,0,NULL,'83c9ee313e2fb50c5d231969ab626b741aa7e4794e71a6e74730e025fa59995a','[]','[]','wiki','["staff"]');
CREATE TABLE keys (
	id VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	digest VARCHAR NOT NULL,
	scopes VARCHAR NOT NULL,
	groups VARCHAR NOT NULL,
	created VARCHAR NOT NULL,
	expires VARCHAR,
	revoked VARCHAR,
	last_used VARCHAR,
	PRIMARY KEY (id)
);
INSERT INTO "keys" VALUES('d10ad2c41dbf','root','0881ca921b4433388525e14060834426817aae472c0cf2f6631acfe943b002e0','["admin"]','[]','2026-12-01T03:50:48.686+00:00',NULL,NULL,'2026-12-01');
INSERT INTO "keys" VALUES('7ceb28f0faeb','wiki','be21f7c7ec5037787119c052e494cea5cce1073385a79ebd6dfdc3ad1e54ab87','["query", "ingest"]','["staff"]','2026-12-01T03:50:48.718+00:00',NULL,NULL,'2026-12-01');
CREATE TABLE meta (
	"key" VARCHAR NOT NULL,
	value VARCHAR NOT NULL,
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('schema','6');
INSERT INTO "meta" VALUES('folder','c6f2eafb45b14bb6b5bbd52206bdd556');
INSERT INTO "meta" VALUES('dimension','384');
INSERT INTO "meta" VALUES('recipe','{"chunk_word_pieces": 254, "embedder": {"api_key_env": "", "base_url": "", "batch": 64, "dimension": 0, "kind": "hashing", "max_tokens": 512, "model": "all-MiniLM-L6-v2", "passage_prefix": null, "precision": "fp32", "query_prefix": null, "timeout_seconds": 60.0}}');
INSERT INTO "meta" VALUES('embedder','hashing-384');
INSERT INTO "meta" VALUES('sound until','2026-12-01T03:50:55.341+00:00');
CREATE TABLE structures (
	document_id VARCHAR NOT NULL,
	pipeline VARCHAR NOT NULL,
	titled BOOLEAN NOT NULL,
	parsed BLOB NOT NULL,
	PRIMARY KEY (document_id),
	FOREIGN KEY(document_id) REFERENCES documents (id)
);
CREATE INDEX documents_scope ON documents (collection, groups, chunks, id, document);
CREATE INDEX documents_version ON documents (version);
CREATE INDEX job_documents_to_do ON job_documents (job_id, todo);
CREATE INDEX chunks_of_document ON chunks (document_id, id);
