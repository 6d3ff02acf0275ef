-- The tables as form 1 of the catalogue had them, with one document of one chunk.
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
    PRIMARY KEY (id)
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
CREATE INDEX ix_chunks_document_id ON chunks (document_id);
CREATE VIRTUAL TABLE chunk_words using fts5(
        title, index_text, content = 'chunks', content_rowid = 'number', tokenize = 'porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE chunk_terms using fts5vocab('chunk_words', 'row');
CREATE TRIGGER chunk_words_added after insert on chunks begin
        insert into chunk_words(rowid, title, index_text) values (new.number, new.title, new.index_text); end;
CREATE TRIGGER chunk_words_removed after delete on chunks begin
        insert into chunk_words(chunk_words, rowid, title, index_text)
        values ('delete', old.number, old.title, old.index_text); end;
insert into meta values ('schema', '1'), ('dimension', '384'), ('embedder', 'hashing-384');
insert into collections values ('default');
insert into documents values
    ('046ae3f1f3a6ef76', 'default', 'pay.txt', 'v1', 'sha', 20, 1, 'text/plain', 'Pay', null, 1, '["hr"]',
     '2026-01-01T00:00:00.000+00:00', '/src', 20, 'the pay of everybody');
insert into chunks values
    (1, '046ae3f1f3a6ef76@v1#0', '046ae3f1f3a6ef76', 0, 'Pay', 'the pay of everybody', 'Pay the pay of everybody', '[]',
     '', '[]', 0, 20, zeroblob(1536));
