"""What has no room of its own: files, and the backends of Keras."""
