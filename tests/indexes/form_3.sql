-- A catalogue of form 3, with two documents and the job that ingested them, as that release wrote it.
CREATE TABLE meta (
    "key" VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY ("key")
);
CREATE TABLE collections (
    name VARCHAR NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE intents (
    document_id VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    collection VARCHAR NOT NULL,
    chunks INTEGER NOT NULL,
    PRIMARY KEY (document_id, version)
);
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
    PRIMARY KEY (id)
);
CREATE TABLE attempts (
    job_id VARCHAR NOT NULL,
    document VARCHAR NOT NULL,
    starts INTEGER NOT NULL,
    "left" INTEGER NOT NULL,
    PRIMARY KEY (job_id, document)
);
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
    PRIMARY KEY (document_id),
    FOREIGN KEY(document_id) REFERENCES documents (id)
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
    embedding BLOB NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id),
    FOREIGN KEY(document_id) REFERENCES documents (id)
);
CREATE VIRTUAL TABLE chunk_words using fts5(
        title, index_text, content = 'chunks', content_rowid = 'number', tokenize = 'porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE chunk_terms using fts5vocab('chunk_words', 'row');
CREATE INDEX documents_version ON documents (version);
CREATE INDEX job_documents_to_do ON job_documents (job_id, todo);
CREATE INDEX ix_chunks_document_id ON chunks (document_id);
CREATE TRIGGER chunk_words_added after insert on chunks begin
        insert into chunk_words(rowid, title, index_text) values (new.number, new.title, new.index_text); end;
CREATE TRIGGER chunk_words_removed after delete on chunks begin
        insert into chunk_words(chunk_words, rowid, title, index_text)
        values ('delete', old.number, old.title, old.index_text); end;
insert into meta ("key", value) values
    ('schema', '3');
insert into meta ("key", value) values
    ('dimension', '384');
insert into meta ("key", value) values
    ('embedder', 'hashing-384');
insert into collections (name) values
    ('default');
insert into jobs (id, collection, source, state, created, finished, report, number, runner, attempt, started, heartbeat, cancelling, only_failed, unchanged, request_key, request_digest, include, exclude) values
    ('d05ed199b2354049', 'default', '/documents', 'COMPLETED', '2026-11-23T21:01:10.693+00:00', '2026-11-23T21:01:13.156+00:00', '{"seconds": 2.434}', 1, 'command', 1, '2026-11-23T21:01:10.721+00:00', '2026-11-23T21:01:10.721+00:00', 0, 0, 0, null, null, '[]', '[]');
insert into documents (id, collection, document, version, sha256, size, mtime_ns, media_type, title, page_count, chunks, groups, indexed_at, source, characters, text) values
    ('2a9bb8dcdf8fe703', 'default', 'leave.md', '1d95b69d16d0', '7dde2e5907d219ff20d0d82dee840d43cc3112b4e3c262999d356d7b0c960d45', 65, 1795467663249190323, 'text/markdown', 'Leave rules', null, 1, '["staff"]', '2026-11-23T21:01:13.093+00:00', '/documents', 65, '# Leave

## Parental leave

Parents have 16 weeks of paid leave.
');
insert into documents (id, collection, document, version, sha256, size, mtime_ns, media_type, title, page_count, chunks, groups, indexed_at, source, characters, text) values
    ('bcd39bb1aee35e56', 'default', 'shop.txt', '114bfa81070b', '809751cf71eaa309910a23036e8b844e7ed0fee9c87acffa35eaab56f81af966', 24, 1795467663249190323, 'text/plain', 'shop', null, 1, '[]', '2026-11-23T21:01:13.097+00:00', '/documents', 24, 'The shop opens at nine.
');
insert into about (document_id, author, created, modified, tags, valid_from, attached, language, sketch, notes) values
    ('2a9bb8dcdf8fe703', '', null, null, '[]', null, '[]', '', x'', '[]');
insert into about (document_id, author, created, modified, tags, valid_from, attached, language, sketch, notes) values
    ('bcd39bb1aee35e56', '', null, null, '[]', null, '[]', '', x'', '[]');
insert into chunks (number, id, document_id, ordinal, title, text, index_text, headings, header, pages, start, "end", embedding) values
    (1, '2a9bb8dcdf8fe703@1d95b69d16d0#0', '2a9bb8dcdf8fe703', 0, 'Leave rules', 'Leave

## Parental leave

Parents have 16 weeks of paid leave.', 'Leave rules > Leave > Parental leave
Parents have 16 weeks of paid leave.', '["Leave", "Parental leave"]', '', '[]', 2, 64, zeroblob(1536));
insert into chunks (number, id, document_id, ordinal, title, text, index_text, headings, header, pages, start, "end", embedding) values
    (2, 'bcd39bb1aee35e56@114bfa81070b#0', 'bcd39bb1aee35e56', 0, 'shop', 'The shop opens at nine.', 'shop
The shop opens at nine.', '[]', '', '[]', 0, 23, zeroblob(1536));
insert into job_documents (job_id, document, todo, status, code, reason, chunks) values
    ('d05ed199b2354049', 'leave.md', null, 'indexed', null, null, 1);
insert into job_documents (job_id, document, todo, status, code, reason, chunks) values
    ('d05ed199b2354049', 'shop.txt', null, 'indexed', null, null, 1);
