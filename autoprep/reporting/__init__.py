"""What people read: HTML and terminal."""
