"""Uploads from the browser straight to S3. No web worker carries their bytes.

1. `begin` reserves a row and signs: one PUT, or the parts of a multipart upload.
2. The browser sends the file: a private one to its final key, which nobody can read
   before a row gives the link; a public one to media/incoming/.
3. `complete` looks at what S3 has, and deletes what was not announced.
4. A form or serializer field turns the token into a DirectFile; saved in a model's
   FileField, it claims the upload.
"""
