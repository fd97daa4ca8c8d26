"""One module a format: a result document in, text out; nothing here prints or writes files."""
