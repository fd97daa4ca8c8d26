"""An index in the user's own Elasticsearch: the same answers as from a folder."""
