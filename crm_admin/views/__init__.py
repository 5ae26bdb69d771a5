"""What people see: the Flask-Admin engine on our one definition, and the pages around it."""
