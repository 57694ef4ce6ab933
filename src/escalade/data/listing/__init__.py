"""What lies in a folder or stands in a table: classes, files, labels and splits."""
